"""How English asks about structure: patterns over folded text without its marks."""

from __future__ import annotations

from rag.structure.asked import MARK, Kind, Pattern

ROLES = {
    "audience": r"audience(?: members?)?|(?:people|members|someone) (?:in|of|from) the audience"
    r"|listeners?|viewers?",
    "asker": r"interviewers?|co-?hosts?|hosts?|moderators?|reporters?|journalists?|presenters?",
    "guest": r"guests?|interviewees?",
}
PRONOUN = r"he|she|they|him|her|his|them|their"
NOUN = (
    r"(?:transcript|interview|conversation|episode|podcast|meeting|talk|file|recording|discussion"
    r"|session|roundtable|chat|show|panel|dialogue|document|debate)s?|q&a"
)
FILLER = frozenset(
    "the a an this that these those all every each any our my whole entire of in on with and to s"
    " about by from at one full your during here there i you we have".split()
)

_ONE = rf"(?:the |an? )?(?:[{MARK}]|{'|'.join(ROLES.values())}|{PRONOUN})"
WHO = rf"(?P<who>{_ONE}(?:(?: and | or |, | vs ){_ONE})*)"
_FILES = r"(?:transcripts?|interviews?|files?|recordings?|episodes?|documents?|conversations?)"
_FILE = rf"(?P<scope>(?:the |this |that )?(?:[^,]{{1,60}} )?(?:{NOUN})(?: (?:with|about) [^,]+?)?)"
_DO = r"(?:do|does|did|has|have|had)"
_SPEAK = r"(?:speak|speaks|spoke|spoken|talk|talks|talked)"
_LIST = r"(?:(?:list|name|show|give me|show me|which are|what are|who are) )"
_ALL = r"(?:all (?:of )?)?(?:the )?(?:different )?"
_ABOUT = r"(?: \b(?:in|during|at|of|on|across|over|within|throughout|from|for)\b (?P<tail>.+?))?"
_POLITE = (
    r"(?:(?:please|can you|could you|would you|tell me|do you know|i want to know|and|so|ok|okay"
    r"|hey|now),? )*"
)
_HEAD = rf"(?:(?:in|during|at|on|across|over|within|from|for) (?P<head>.+?),? )?{_POLITE}"
_END = r"(?: (?:in total|altogether|overall|so far|please|exactly|actually|at all|in all))*"
_LEAST = r"(?:most|more|longest|(?P<last>least|less|fewest))"

# A core that begins with @ makes no sense without a transcript that the question names.
_CORES: dict[Kind, tuple[str, ...]] = {
    "ranking": (
        rf"who (?:all )?(?:{_SPEAK}|has spoken|has talked|says|said)(?: (?:for )?the)? {_LEAST}"
        rf"(?: (?P<turns>often|frequently|times)| words)?(?:,? (?:between )?{WHO})?",
        rf"who (?:says|said|uses|used|speaks|spoke)(?: the)? {_LEAST} words",
        rf"(?:who|which (?:speaker|person|participant)) (?:has|had|took|takes|gets|got|is taking)"
        rf"(?: the)? {_LEAST} (?:(?P<turns>(?:speaking )?turns|lines|contributions)"
        r"|words|(?:speaking |talking |air)time)",
        rf"which (?:speaker|person|participant|guest) (?:{_SPEAK}|says|said)(?: the)? {_LEAST}"
        r"(?: (?P<turns>often|frequently))?",
        r"who (?:does|did|is doing) (?:(?:most|more) of the|the most) talking",
        r"who (?:is|was) the (?:most talkative|main)(?: (?:person|speaker))",
        r"(?:rank|sort) (?:all )?(?:the )?(?:speakers|participants|people)"
        r"(?: by (?:(?P<turns>(?:number of )?turns)|words|characters|speaking time|how much they"
        r" (?:say|said|speak|talk)))?",
    ),
    "inquirers": (
        rf"who (?:all )?(?:asks|asked|has asked|poses|posed|raised)(?: the)? {_LEAST}"
        r"(?: (?:of the )?questions| often)?",
        rf"(?:which|what) (?:speaker|person|participant|guest|host) (?:asks|asked|has asked)"
        rf"(?: the)? {_LEAST}(?: questions)?",
        rf"who (?:had|has)(?: the)? {_LEAST} questions",
        r"(?:rank|sort) (?:all )?(?:the )?(?:speakers|participants|people)"
        r" by (?:(?:the )?number of questions|questions|how (?:many questions|much) they asked?)",
    ),
    "turns": (
        rf"how (?:many times|often) {_DO} {WHO} (?:{_SPEAK}|take the floor|get a word in|speak up)",
        rf"how many (?:(?:speaking )?turns|words|characters|lines|contributions) {_DO} {WHO}"
        r" (?:take|taken|took|have|had|say|said|speak|spoken|get|make|made|use|used)",
        rf"how much {_DO} {WHO} {_SPEAK}",
        rf"(?:what is )?(?:the )?number of turns (?:of|by|for) {WHO}",
        r"how many (?:speaking )?turns (?:are|were) there(?: altogether)?",
    ),
    "questions": (
        rf"how many (?:different )?questions {_DO} {WHO} (?:ask|asks|asked|put|pose|raise)",
        rf"how many questions (?:were|are|got|get) (?:asked|posed)(?: by {WHO})?",
        rf"how many (?:{WHO} )questions (?:are there|were there|were asked|are)",
        rf"how many {WHO} (?:ask|asked)(?: (?:a )?questions?)?",
        rf"how (?:many times|often) {_DO} {WHO} ask(?: (?:a |any )?questions?)?",
        rf"how many questions (?:come|came|are|were) from {WHO}",
        rf"(?P<listed>list|show|show me|give me) {_ALL}{WHO}(?:'s|')? questions",
        rf"(?:(?P<listed>list|show|show me|give me|what|which) ){_ALL}(?:questions)"
        rf"(?: that)?(?: {_DO})? {WHO} (?:ask|asks|asked)",
        rf"(?P<listed>list|show|show me|give me) {_ALL}questions(?: (?:asked |from |by )+{WHO})?",
        rf"what {_DO} (?P<listed>){WHO} ask",
    ),
    "speakers": (
        r"how many (?:different )?(?:people|persons|speakers|participants|voices)"
        r" (?:(?:are |is )?(?:speaking|talking)|speak|spoke|talk|talked|take part|took part"
        r"|participated?)",
        r"how many (?:different )?(?:speakers|participants|voices)(?: (?:are|were)(?: there)?)?",
        r"who (?P<listed>speaks|spoke|talks|takes part|took part|participates|participated)",
        r"who (?P<listed>are|were) (?:all )?(?:the )?(?:speakers|participants|people (?:who "
        r"(?:are )?)?"
        r"(?:speak|talk|spoke|talked|speaking|talking))",
        rf"(?P<listed>{_LIST})(?:(?:a )?list of )?{_ALL}(?:speakers(?:'? names)?|participants"
        r"|(?:people|everyone|everybody) who (?:speaks?|spoke|talks?|talked))",
        r"@who (?P<listed>is|was) (?:speaking|talking|interviewed)",
    ),
    "transcripts": (
        rf"(?:list|show|show me|give me) (?P<listed>){_ALL}{_FILES}",
        rf"(?P<listed>which|what) {_FILES} (?:are there|are here|do (?:you|we|i) have"
        r"|are (?:available|indexed|in the index))",
        r"how many (?:transcripts|interviews|files|recordings|episodes) (?:are there|do you have"
        r"|do we have|are (?:available|indexed|in the index)|have been indexed)",
        rf"(?:in )?(?:(?P<listed>which|what)|how many) {_FILES} (?:{_DO}|is|was) {WHO}"
        r" (?:speak|talk|appear|feature|take part|say anything|in|speaking|heard)(?: in)?",
        rf"(?:(?P<listed>which|what)|how many) {_FILES} (?:have|has|feature|features|include"
        rf"|includes"
        rf"|are with|is with) {WHO}(?: (?:in (?:it|them)|speaking|talking))?",
    ),
    "mentions": (
        rf"(?:in )?(?:which|what) (?P<listed>{_FILES})"
        r" (?:mentions?|mentioned|contains?|refers? to|includes? the word|say|use the word)"
        r" (?P<topic>.+?)",
        rf"(?:in )?(?:which|what|how many) (?P<listed>{_FILES}) (?:is|are|was|were) (?P<topic>.+?)"
        r" (?:mentioned|named|brought up)(?: in)?",
        r"how many (?P<listed>transcripts|interviews|files) mention (?P<topic>.+?)",
        r"(?:where|how (?:many times|often)) (?:is|are|was|were|does|did) (?P<topic>.+?)"
        r" (?:mentioned|named|brought up|get mentioned)",
        rf"how (?:many times|often) {_DO} {WHO} (?:mention|use the (?:word|phrase|term)"
        r"|say the (?:word|phrase|term)) (?P<topic>.+?)",
        r"who (?:all )?(?:mentions|mentioned|has mentioned|brings up|brought up|(?:uses|used) the"
        r" (?:word|term|phrase)) (?P<topic>.+?)",
    ),
    "asked": (
        r"who (?:all )?(?:asks|asked|has asked|was asking|inquired|enquired)"
        r"(?: (?:a )?questions?| anything)? (?:about|regarding) (?P<topic>.+?)",
    ),
    "said": (
        rf"(?:in )?(?:which|what) {_FILES} {_DO} {WHO} (?:say|said|talk about) what",
        rf"what {_DO} {WHO} (?:say|said|talk about) in (?:which|what|each|every) "
        rf"(?:of the )?{_FILES}",
        rf"what {_DO} {WHO} say in {_FILE}",
        rf"(?:list|show|show me|give me) (?:everything|all (?:of )?(?:the )?(?:turns of|that))"
        rf"(?: that)? ?{WHO}(?: (?:says|said|say))?",
        rf"(?:list|show|show me|give me) {_ALL}{WHO}(?:'s|') (?:turns|contributions)",
    ),
    "edge": (
        r"(?:what (?:is|was|are|were|were) )?(?:the )?(?:very )?(?:first|(?P<last>last|final))"
        r" (?:things?|words?|sentences?|lines?|turns?|statements?|(?P<listed>questions?))"
        rf"(?: that)? {WHO} (?:say|says|said|ask|asks|asked|speaks|spoke)",
        rf"what {_DO} {WHO} (?:say|ask) (?:at the (?:very )?)?(?:first|beginning|start"
        r"|(?P<last>last|(?:very )?end))",
        rf"what (?:is|was|are|were) {WHO}(?:'s|')? (?:very )?(?:first|(?P<last>last|final))"
        r" (?:words?|sentence|line|turn|(?P<listed>question))",
        r"what (?:is|was|are|were) the (?:first|(?P<last>last|final)) (?:words?|sentence|line)"
        rf" (?:of|by) {WHO}",
        rf"who (?:{_SPEAK}|says something) (?:first|(?P<last>last))",
        r"@who (?:has|had|gets|got) the (?:first|(?P<last>last|final)) word",
        rf"how (?:does|did) {_FILE} (?:begin|start|open|(?P<last>end|close|finish))",
    ),
    "length": (
        rf"how long (?:is|was|does|did|do) {_FILE}(?: (?:last|take|run|go on))?",
        r"how long (?:is|are) (?:all |each of )?(?:the |these )?(?:transcripts|recordings)",
        rf"(?:what (?:is|was) )?the (?:length|duration) of {_FILE}",
    ),
    "date": (
        rf"(?:when|(?:on )?what (?:date|day|year)|in (?:what|which) year) (?:was|is|were"
        rf"|did) {_FILE}"
        r" (?:recorded|held|dated|published|made|conducted|from|take place|happen|done)",
        rf"when (?:was|is) {_FILE}",
        rf"(?:what (?:is|was) )?(?:the )?(?:recording )?date (?:of|for) {_FILE}",
    ),
    "predictions": (
        rf"(?:{_LIST}|what |which |find ){_ALL}(?:{WHO}(?:'s|')? )?(?:dated predictions"
        r"|(?:predictions|forecasts|prophecies)(?: (?:that )?"
        rf"{WHO} (?:made|makes|gave|gives)| are there| were made)? (?:with|that (?:name|have|has"
        rf"|mention|contain|give|carry|come with)|containing"
        r"|naming|including|for|by|having) (?:an? |any |the |specific |particular |explicit )*"
        r"(?:years?|dates?))(?: in (?:it|them))?",
        rf"(?:for )?(?:which|what) years {_DO} (?:{WHO}|anyone|anybody|people|the speakers)"
        r" (?:make|made)? ?(?:predict|predictions?|forecasts?)(?: (?:for|about))?",
        rf"(?:which|what) (?:predictions|forecasts) (?:with|for) (?:an? |any |specific )*years?"
        rf"(?: {_DO} {WHO} (?:make|give)| are (?:there|made)| were made)",
    ),
}


def _pattern(kind: Kind, core: str) -> Pattern:
    bare = core.removeprefix("@")
    written = rf"^{_HEAD}{bare}{_END}{_ABOUT}{_END}$"
    return Pattern(kind, "en", written, somewhere=bare != core or "<scope>" in core)


PATTERNS = tuple(_pattern(kind, core) for kind, cores in _CORES.items() for core in cores)

GATES: dict[Kind, str] = {
    "ranking": r"\b(?:most|more|least|less|fewest|longest|rank|sort|main)\b",
    "inquirers": r"\b(?:ask|question|pose|raise)",
    "turns": r"\bhow (?:many|often|much)\b|\bnumber of\b",
    "questions": r"\b(?:questions?|asks?|asked)\b",
    "speakers": r"\b(?:speak|spoke|talk|participa|ta?[ko]+e? part|voices|interviewed)",
    "transcripts": rf"\b{_FILES}\b",
    "mentions": r"\b(?:mention|contain|refers?\b|the (?:word|phrase|term)|br(?:ing|ought)s? up"
    "|named)",
    "asked": r"\b(?:about|regarding)\b",
    "said": r"\b(?:say|said|says|talk|turns|contributions)\b",
    "edge": r"\b(?:first|last|final|begin|start|open|end|close|finish|beginning)",
    "length": r"\bhow long\b|\blength\b|\bduration\b",
    "date": r"\b(?:when|date|day|year)\b",
    "predictions": r"\b(?:predict|forecast|prophec)",
}
"""For each kind what is in every question of it: the patterns of the others need not be tried."""
