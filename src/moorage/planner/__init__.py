"""Decides, from facts alone, what brings a workspace to its configuration (design promise 1)."""

from moorage.planner.facts import Facts
from moorage.planner.plan import Ask, Plan, plan
from moorage.planner.request import Request

__all__ = ["Ask", "Facts", "Plan", "Request", "plan"]
