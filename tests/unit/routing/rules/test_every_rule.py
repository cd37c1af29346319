from pkgutil import iter_modules

from aggregator.routing import rules


def test_every_module_of_rules_judges() -> None:
    there = [module.name for module in iter_modules(rules.__path__)]
    judging = [rule.judge.__module__.rpartition(".")[2] for rule in rules.RULES]
    assert sorted(judging) == sorted(there)
