"""Options get the types that a node names, so that it does not refuse what was meant."""

import pytest

from orchestrator.domain.fitting import fitted
from orchestrator.domain.node import NodeOption
from orchestrator.domain.task import Option


@pytest.mark.parametrize(
    ("type_", "given", "sent"),
    [
        ("bool", 1, True),
        ("bool", 0, False),
        ("bool", "True", True),
        ("bool", True, True),
        ("bool", "maybe", "maybe"),
        ("bool", 2, 2),
        ("string", 5, "5"),
        ("enum", 0.5, "0.5"),
        ("path", False, "false"),
        ("string", "x", "x"),
        ("int", "7", "7"),
        ("float", 3, 3),
        ("", 1, 1),
    ],
)
def test_a_value_gets_the_type_that_the_node_names(type_, given, sent):
    known = (NodeOption("other", "bool", "", "", ""), NodeOption("o", type_, "", "", ""))
    [option] = fitted([Option("o", given)], known)
    assert (type(sent), sent) == (type(option.value), option.value)


def test_options_that_a_node_does_not_name_stay_as_they_are():
    assert (Option("dsm", value=1),) == fitted([Option("dsm", value=1)], ())
