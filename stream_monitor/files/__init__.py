"""The file adapter: rows from CSV, JSON lines and Parquet, in file order."""
