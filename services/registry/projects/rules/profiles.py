"""A project's profile: per theme, which ways of working it has chosen.

A programme's theme names the options, such as three-plus-three of full-time work; what is not among
them is a text of its own. "Not decided" may stand beside other marks, as it does in the sources.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from services.registry.programmes.rules import Programme
from shared.errors import RuleBroken

EVERY_NTH_MAX = 52
OTHERS_MAX = 20


@dataclass(frozen=True, slots=True)
class Mark:
    """An option that a project has chosen.

    Attributes:
        every_nth: of weekends, such as 4 for "every 4th"; none where it is not said.
        note: what else is said of it.
    """

    every_nth: int | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class ThemeProfile:
    """What a project has chosen within one theme.

    Attributes:
        marks: the options chosen, by id.
        other: ways of working that are none of the options.
        not_decided: that nothing, or not everything, was decided yet.
    """

    marks: Mapping[str, Mark]
    other: tuple[str, ...] = ()
    not_decided: bool = False


Profile = Mapping[str, ThemeProfile]
"""By theme id."""


def check_profile(profile: Profile, theme_ids: tuple[str, ...], programme: Programme) -> None:
    """Make sure that the profile speaks of the project's themes and of their options.

    Raises:
        RuleBroken: `profile-theme-unknown`, `profile-option-unknown` or `profile-malformed`.
    """
    options = {theme.theme_id: theme.options for theme in programme.themes}
    for theme_id, of_theme in profile.items():
        if theme_id not in theme_ids:
            raise RuleBroken(
                f"the profile speaks of the theme {theme_id[:80]!r}, which the project does not"
                " have",
                code="profile-theme-unknown",
            )
        known = [option.option_id for option in options[theme_id]]
        for option_id, mark in of_theme.marks.items():
            if option_id not in known:
                raise RuleBroken(
                    f"the theme {theme_id} has no option {option_id[:80]!r}; it has"
                    f" {', '.join(known) or 'none'}, and `other` takes anything else",
                    code="profile-option-unknown",
                )
            if mark.every_nth is not None and not 1 <= mark.every_nth <= EVERY_NTH_MAX:
                raise RuleBroken(
                    f"{option_id}: every_nth must be 1 to {EVERY_NTH_MAX}, got {mark.every_nth}",
                    code="profile-malformed",
                )
        if len(of_theme.other) > OTHERS_MAX:
            raise RuleBroken(
                f"{theme_id}: at most {OTHERS_MAX} other ways of working, got"
                f" {len(of_theme.other)}",
                code="profile-malformed",
            )
