"""Where tables live: storage, engine, staging, audit, publication, and the IO managers over them."""
