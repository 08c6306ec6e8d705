"""Former name of `refinegraph.tools.test_cases`, kept for code written for version 0.1."""

from refinegraph.tools.test_cases import parse_generated_tests, parse_tests, statement_examples

__all__ = ["parse_generated_tests", "parse_tests", "statement_examples"]
