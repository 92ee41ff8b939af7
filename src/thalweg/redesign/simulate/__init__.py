"""The simulator: a model compiled to flat arrays, a compiled kernel, its plain-Python twin."""
