"""Reports of a run: report.json for programs, junit.xml for CI, report.html for people."""

from checkout_harness.report.build import analyse, print_summary

__all__ = ['analyse', 'print_summary']
