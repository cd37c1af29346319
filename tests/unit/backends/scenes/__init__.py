"""The generated world: does it agree with itself, and does it stay the same?"""
