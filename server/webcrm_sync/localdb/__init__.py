"""The PostgreSQL that the product brings along, for installations without one of their own."""
