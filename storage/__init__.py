"""What is kept: the catalogue in SQL, which is the truth, and the arrays as content-addressed files."""
