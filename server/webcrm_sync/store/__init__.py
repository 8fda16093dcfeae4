"""The tables and every short transaction over them."""
