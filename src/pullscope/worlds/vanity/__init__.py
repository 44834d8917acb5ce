"""Vanity domains: rule files of the platforms that serve them, and what those platforms would answer.

`reading.read_rules` makes a `RuleFile`, `decide.decide` answers a request with it, `lint.lint` says what is wrong with it,
`world.vanity_world` puts it in front of a registry, `rehearse.rehearse` lets the modelled clients try it. Nothing here
opens a connection.
"""
