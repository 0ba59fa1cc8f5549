"""The part of JSONPath that batch transform documents for InputFilter and OutputFilter.

    $            everything                 $.a.b  $['a'].b     a member
    $[0]  $[-1]  an element                 $[1:4] $[:2] $[-3:] $[0:9:2]   a range
    $[0,2,-1]    several elements           $['a','b']          several members

A CSV record is a list of its fields, so that $[1:] leaves the first column out. What a path does not find is an error:
rows would otherwise be lost silently.
"""

import re

_NAME = re.compile(r"\.([A-Za-z_][A-Za-z0-9_\-]*)")
_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"")
_SLICE = re.compile(r"\s*(-?\d+)?\s*:\s*(-?\d+)?\s*(?::\s*(-?\d+)\s*)?$")
_INDEX = re.compile(r"\s*-?\d+\s*$")


class PathError(ValueError):
    """The expression cannot be read, or finds nothing."""


def compile_path(text):
    """A function from a value to what the path selects in it; None for "$", which changes nothing."""
    text = (text or "$").strip()
    if not text.startswith("$"):
        raise PathError(f"the JSONPath {text!r} does not begin with $")
    steps, at = [], 1
    while at < len(text):
        if match := _NAME.match(text, at):
            steps.append(_member(match[1]))
            at = match.end()
        elif text[at] == "[":
            end = _closing(text, at)
            steps.append(_bracket(text[at + 1:end], text))
            at = end + 1
        else:
            raise PathError(f"the JSONPath {text!r} cannot be read at {text[at:]!r}")
    if not steps:
        return None

    def select(value):
        for step in steps:
            value = step(value)
        return value

    return select


def _closing(text, at):
    quote = ""
    for place in range(at + 1, len(text)):
        character = text[place]
        if quote:
            quote = "" if character == quote and text[place - 1] != "\\" else quote
        elif character in "'\"":
            quote = character
        elif character == "]":
            return place
    raise PathError(f"the JSONPath {text!r} has no closing bracket")


def _bracket(inner, text):
    if match := _SLICE.match(inner):
        bounds = slice(*(int(part) if part is not None else None for part in match.groups()))
        if bounds.step == 0:
            raise PathError(f"the JSONPath {text!r} has a step of 0")
        return lambda value: _list(value)[bounds]
    if _QUOTED.match(inner.strip()):
        names = [first or second for first, second in _QUOTED.findall(inner)]
        if len(names) == 1:
            return _member(names[0])
        return lambda value: {name: _member(name)(value) for name in names}
    parts = inner.split(",")
    if not all(_INDEX.match(part) for part in parts):
        raise PathError(f"the JSONPath {text!r} cannot be read at [{inner}]")
    places = [int(part) for part in parts]
    if len(places) == 1:
        return lambda value: _element(value, places[0])
    return lambda value: [_element(value, place) for place in places]


def _list(value):
    if not isinstance(value, list):
        raise PathError("an index or a range is asked of what is no list")
    return value


def _element(value, place):
    try:
        return _list(value)[place]
    except IndexError:
        raise PathError(f"there is no element {place}") from None


def _member(name):
    def step(value):
        if not isinstance(value, dict) or name not in value:
            raise PathError(f"there is no member {name!r}")
        return value[name]

    return step
