"""Who is measured: one file for each library, read in its own environment only."""
