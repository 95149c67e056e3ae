"""JUnit XML: the checks of a verdict as test cases, so that a CI shows them like tests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

__all__ = ['write_junit']


def write_junit(path: Path, report: Mapping[str, Any]) -> None:
    """Write one test suite: a check that did not pass is a failure, one that could not be made is skipped."""
    checks = report['verdict']['checks']
    failures = sum(check['passed'] is False for check in checks)
    skipped = sum(check['passed'] is None for check in checks)
    name = f'{Path(report["bag"]["path"]).name} ({report["run"]["lane"]})'
    counts = {'tests': str(len(checks)), 'failures': str(failures), 'skipped': str(skipped), 'errors': '0'}
    seconds = f'{report["run"]["wall_s"]:.3f}'
    root = ElementTree.Element('testsuites', counts)
    suite = ElementTree.SubElement(root, 'testsuite', {'name': name, 'time': seconds, **counts})
    properties = ElementTree.SubElement(suite, 'properties')
    for key in ('result_hash', 'outcome_hash'):
        ElementTree.SubElement(properties, 'property', {'name': key, 'value': str(report[key])})
    for check in checks:
        case = ElementTree.SubElement(suite, 'testcase', {'classname': f'replay.{name}', 'name': check['name']})
        if check['passed'] is False:
            ElementTree.SubElement(case, 'failure', {'message': check['sentence']}).text = check['sentence']
        elif check['passed'] is None:
            ElementTree.SubElement(case, 'skipped', {'message': check['sentence']})
    ElementTree.indent(root)
    ElementTree.ElementTree(root).write(path, encoding='utf-8', xml_declaration=True)
