"""A master patient index: who is who, across every system that registers patients."""
