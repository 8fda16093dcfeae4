"""One mail stops no other, and one job holds off only itself."""
