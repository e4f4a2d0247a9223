"""The benchmark's content, made from a seed, and its writers for each generator."""
