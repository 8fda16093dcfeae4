"""Values and rules of the product. Nothing in here does any input or output."""
