"""A session of Spark Connect, then one of Spark itself, run by a test; prints the error that the second ends in."""

from __future__ import annotations

from pyspark.errors import PySparkException


def main() -> None:
    """Start one session after the other."""
    from pysail.spark import SparkConnectServer
    from pyspark.sql import SparkSession

    server = SparkConnectServer(ip="127.0.0.1", port=0)
    server.start()
    host, port = server.listening_address
    SparkSession.builder.remote(f"sc://{host}:{port}").getOrCreate().stop()
    try:
        SparkSession.builder.config("spark.api.mode", "classic").config("spark.master", "local[1]").getOrCreate()
    except PySparkException as error:
        print(error.getCondition())


if __name__ == "__main__":
    main()
