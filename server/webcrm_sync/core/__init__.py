"""Values and rules of the product. No module of this package does input or output."""
