"""Mutants of the installed Lightning: small changes to lines that the specs execute, which some case ought to notice.

A sabotage is a regression somebody thought of; a mutant is one that nobody did.
"""
