"""What is wrong with a form, in the sentences that WebODM's clients show: those of Django REST framework."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from orchestrator.api.rest.faults import NON_FIELD, Fault, wrong_fields
from orchestrator.contract.fields import SENTENCES

_SENTENCES: Mapping[str, str] = {
    "missing": "This field is required.",
    "int_parsing": "A valid integer is required.",
    "int_type": "A valid integer is required.",
    "int_from_float": "A valid integer is required.",
    "int_parsing_size": "A valid integer is required.",
    "float_parsing": "A valid number is required.",
    "float_type": "A valid number is required.",
    "bool_parsing": "Must be a valid boolean.",
    "bool_type": "Must be a valid boolean.",
    "string_type": "Not a valid string.",
    "string_too_short": "This field may not be blank.",
    "list_type": "Expected a list of items but got another type.",
    "json_invalid": "Value must be valid JSON.",
    "literal_error": "Not a valid choice.",
    "datetime_parsing": "Enter a valid date/time.",
    "datetime_from_date_parsing": "Enter a valid date/time.",
    "model_type": "Expected an object with a name and a value.",
    "extra_forbidden": "It has a field that is not known here.",
    "string_unicode": "Not a valid string.",
}

_WITH_BOUNDS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "string_too_long": lambda bounds: f"Ensure this field has no more than {bounds['max_length']} characters.",
    "too_long": lambda bounds: f"Ensure this field has no more than {bounds['max_length']} elements.",
    "less_than_equal": lambda bounds: f"Ensure this value is less than or equal to {bounds['le']}.",
    "greater_than_equal": lambda bounds: f"Ensure this value is greater than or equal to {bounds['ge']}.",
    "value_error": lambda bounds: str(bounds["error"]),
    # What is no text is numbers, with commas between them.
    "string_pattern_mismatch": lambda bounds: (
        f"Must be {SENTENCES[bounds['pattern']]}." if bounds["pattern"] in SENTENCES else "A valid integer is required."
    ),
}


def complain(error: ValidationError) -> Fault:
    """Give one sentence for each wrong field; a union that fits in no way is told of once."""
    told: dict[str, list[str]] = {}
    for found in error.errors(include_url=False):
        name = str(found["loc"][0]) if found["loc"] else NON_FIELD
        sentence = _sentence(found)
        if sentence not in told.setdefault(name, []):
            told[name].append(sentence)
    return wrong_fields(told)


def _sentence(found: Mapping[str, Any]) -> str:
    if found["input"] is None:
        return "This field may not be null."
    bounded = _WITH_BOUNDS.get(found["type"])
    if bounded:
        return bounded(found["ctx"])
    return _SENTENCES.get(found["type"]) or f"{found['msg']}."
