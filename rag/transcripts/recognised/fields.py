"""The names under which text, speakers and times are written, in JSON keys and table heads."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

_ASIDE = re.compile(r"[\s_\-.()（）]+")
# In the order in which they are preferred: the first that a file has decides.
_NAMES: Mapping[str, tuple[str, ...]] = {
    "text": tuple(
        "text body content sentence transcript utterance finalsentence display caption subtitle"
        " message speech sentences statement line paragraph transcription value words word utf8 asr"
        " 内容 文本 文字 说话内容 发言内容 转写内容 转写文本 识别结果 对话内容 原文"
        " 字幕 台词 句子 內容 文字內容 逐字稿 话语 发言".split()
    ),
    "speaker": tuple(
        "speakername speaker speakerlabel speakerid spk spkid speakertag participantrole"
        " participantname participant displayname author username user name who from role channel"
        " 说话人 发言人 讲话人 说话者 发言者 讲者 姓名 角色 昵称 說話人 發言人"
        " 講者 名字 参会人".split()
    ),
    "start": tuple(
        "starttime start startms starttimems starttimemillis startseconds starttimeseconds startsec"
        " startsecs starts begintime begin begins beginms begintimems beginoffsetmillis"
        " startoffsetmillis offsetmilliseconds offsetms offsetinticks tstartms bg startoffset"
        " offset from in timestamp timestamps timecode time ts t timein"
        " 开始时间 开始 起始时间 起始 開始時間 開始 时间 时间戳 時間 时间点 发言时间".split()
    ),
    "end": tuple(
        "endtime end endms endtimems endtimemillis endseconds endtimeseconds endsec endsecs ends"
        " stop stoptime endoffsetmillis ed endoffset to out timeout 结束时间 结束 終了 結束時間"
        " 結束 终止时间".split()
    ),
    "duration": tuple(
        "duration dur durationms ddurationms durationmilliseconds durationinticks durationseconds"
        " 时长 持续时间 時長".split()
    ),
}


@lru_cache(4096)
def plain(key: str) -> str:
    """Return a key or a column's head as it is compared: startTime, start_time, Start Time."""
    bare = re.sub(r"[(（]\s*(?:ms|s|sec|seconds|毫秒|秒)\s*[)）]$", "", key.strip().lower())
    return _ASIDE.sub("", bare)


def named(role: str, keys: Iterable[str], fits: Callable[[str], bool]) -> str:
    """Return the key that plays a role, the best named one whose values fit; empty if none does."""
    found = {plain(key): key for key in keys}
    for name in _NAMES[role]:
        if name in found and fits(found[name]):
            return found[name]
    return ""


def is_name(key: str, role: str) -> bool:
    """Tell whether a key or a column's head is one of those that play a role."""
    return plain(key) in _NAMES[role]
