"""The typed IR: values, regions, and what the optimizer hands to the code generator."""
