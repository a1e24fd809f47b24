"""`python -m platform_assets.cli`, for where the console script is not installed."""

from platform_assets.cli import app

if __name__ == "__main__":
    app(prog_name="platform-assets")
