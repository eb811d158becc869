"""The list of claims: accuracy first, then ids, then decisions."""

from __future__ import annotations

import sys

from tests.proof.harness import Claim, prove
from tests.proof.identity import accuracy, decisions, graphs, ids, linkage, probable

CLAIMS = [
    Claim("dirt", "The brand is as dirty as real shops", accuracy.dirt),
    Claim("precision", "Pairs that we join are one person", accuracy.precision),
    Claim("recall", "True pairs are joined, of all there are", accuracy.recall),
    Claim("over_merge", "Few customers hold two persons", accuracy.over_merge),
    Claim("no_guards", "Without guards more people melt together", accuracy.no_guards),
    Claim("five_passes", "A stitcher of five passes, without guards", accuracy.five_passes),
    Claim("further", "What else the score says", accuracy.further),
    Claim("guards", "What each guard stopped", accuracy.guards),
    Claim("scorer", "The score of pairs beside Splink", linkage.score_beside_libraries),
    Claim(
        "matcher",
        "What probable matches link, beside Splink and recordlinkage",
        linkage.against_libraries,
        False,
    ),
    Claim("links", "What a probable match links is right", linkage.over_merges, False),
    Claim("families", "Families in one house stay apart", probable.in_families),
    Claim("worlds", "Relatives stay apart where families are few", probable.in_worlds),
    Claim("probable", "A brand with probable links on", probable.in_brands),
    Claim("graphs", "Components equal union-find, also after changes", graphs.components, False),
    Claim("shuffled", "A shuffled full rebuild gives the same ids", ids.shuffled),
    Claim("quiet", "On a day without changes no id changes", ids.quiet_day, False),
    Claim("later", "Older orders that land later change no published id", ids.later_orders, False),
    Claim("erased", "Erasing seed rows changes no published id", ids.erased_seeds, False),
    Claim("by_hand", "A link by hand and its undoing restore every id", ids.by_hand),
    Claim("incremental", "Components after days equal a full refresh", ids.incremental, False),
    Claim("past", "A past day can be built again", ids.past_day, False),
    Claim("super_node", "A super-node costs its size", ids.super_node, False),
    Claim("golden", "The golden record beside the truth", decisions.golden, False),
    Claim("explained", "Every customer can be explained", decisions.explained, False),
    Claim("consent", "A no outlives merge and split", decisions.opted_out_after_a_split, False),
]

if __name__ == "__main__":
    sys.exit(prove("identity", CLAIMS))
