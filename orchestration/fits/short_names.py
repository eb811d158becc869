"""Short forms of first names: one person writes Bob here and Robert there.

What lives here: short forms that no slip of a letter and no beginning explains.
What never does: a judgement; a short form is as near as a slip, no more.
"""

from __future__ import annotations

# Formal name: its short forms, as people write them in English, German and French.
_FORMS = """
alexander: sascha xander lex; andrew: drew; anthony: tony; benjamin: ben; charles: chuck
charlie; christopher: kit topher; dorothy: dot dolly; edward: ted ned eddie; eleanor: nell
ellie; elizabeth: betty beth liz libby lizzie liesel bettina; eugene: gene; francis: frank;
frederick: fritz freddy; gerald: jerry; harold: harry hal; helen: nell; henry: harry hank; isabella:
bella izzy; james: jim jimmy jamie; jennifer: jen jenny; johannes: hannes hans; john: jack johnny;
joseph: joe joey sepp; katherine: kate katie kathy kitty; lawrence: larry; leonard: lenny;
margaret: peggy meg maggie; mary: molly polly; matthew: matt; michael: mike mick micky;
nicholas: nick klaus; patricia: pat trish patty; rebecca: becky; richard: dick rick ricky rich;
robert: bob bobby rob; ronald: ron; samantha: sam; sarah: sally; stephen: steve; susan: sue;
theodore: ted teddy; theresa: tess; thomas: tom tommy; victoria: vicky; walter: walt; william: bill
billy will willy
"""
# A short form of several names tells none of them.
_PAIRS = [
    (short, formal.strip())
    for formal, forms in (line.split(":") for line in _FORMS.replace("\n", " ").split(";"))
    for short in forms.split()
]
_SHORTS = [short for short, _ in _PAIRS]
FORMAL_NAMES = {short: formal for short, formal in _PAIRS if _SHORTS.count(short) == 1}
