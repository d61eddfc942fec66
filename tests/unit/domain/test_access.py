"""Roles, tokens, and what exists for whom."""

from datetime import UTC, datetime, timedelta

import pytest

from orchestrator.domain.access import EVERYONE, Caller, Role
from orchestrator.domain.tokens import ApiToken
from orchestrator.engine.ports import Kept

NOW = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.mark.parametrize(
    ("role", "may"),
    [(Role.VIEWER, [True, False, False]), (Role.OPERATOR, [True, True, False]), (Role.ADMIN, [True] * 3)],
)
def test_each_role_may_what_the_lesser_ones_may(role, may):
    assert may == [Caller(name="someone", role=role).may(each) for each in Role]


def test_who_is_kept_to_projects_sees_no_others():
    assert [True, False] == [Caller(name="n", role=Role.VIEWER, projects=frozenset({2})).sees(it) for it in (2, 1)]
    assert EVERYONE.sees(1)


def test_a_token_says_who_holds_it_until_it_expires():
    token = ApiToken(id="1", name="n", role=Role.VIEWER, digest=b"d", projects=frozenset({2}), expires_at=NOW)
    assert Caller(name="n", role=Role.VIEWER, projects=frozenset({2})) == token.caller
    assert [True, False] == [token.is_good(NOW - timedelta(seconds=1)), token.is_good(NOW)]
    assert ApiToken(id="1", name="n", role=Role.VIEWER, digest=b"d").is_good(NOW)


@pytest.mark.parametrize(("number", "follows"), [(3, False), (4, True), (9, True), (10, False)])
def test_who_saw_the_event_before_the_first_that_is_kept_has_missed_none(number, follows):
    assert follows == Kept(first=5, last=9).follows(number)
