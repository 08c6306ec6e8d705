"""Evaluation: does refinement help, by how much, at what price?"""
