"""What stands at our ports in tests: real formats and signatures, behaviour set by the test."""
