"""What a label says by itself: a role that asks, a role that answers, the name of a person."""

from __future__ import annotations

import re
from functools import lru_cache

from rag.text import HAN, fold

_ASKER = re.compile(
    r"主持人?|主播|记者|采访者|访谈者|提问者?|问题?"
    r"|(?:观众|听众|网友|现场观众|读者|学生|听众朋友)?(?:提问|问)\d*|观众|听众|网友|读者|现场观众"
    r"|q(?:uestion)?\s?\d*|co-?hosts?|hosts?|interviewers?|moderators?"
    r"|audience(?: (?:member|question))?|questioner|reporter|journalist",
)
_ANSWERER = re.compile(
    r"嘉宾\s?\d*|受访者|被访者|回?答\d*|回答者|旁白"
    r"|(?:发言人|说话人|讲者|参会者)\s?\w{0,2}"
    r"|a(?:nswer)?\s?\d*|guests?\s?\d*|interviewees?|participants?\s?\w{0,2}|narrator"
    r"|(?:unknown )?speakers?[ _]?\w{0,2}|未标明说话人|speaker not named",
)
_NOT_SPEAKERS = frozenset(
    "note notes slide slides music nb ps p.s tip tips warning http https ftp mailto example summary"
    " title date source sources tags update link links url email e-mail tel cc re fw todo key"
    " result results conclusion"
    " 注 注意 备注 例如 比如 譬如 如 总结 小结 摘要 来源 参考 链接 时间 地点 日期 结论 说明"
    " 译者注 编者按 编者注 图 表 原文 视频 标题 作者 编辑 翻译 关键词"
    " 优点 缺点 目标 原因 结果 方法 步骤 第一 第二 第三 首先 其次 最后".split()
)
# The usual family names: enough to tell 张三 from 总结 where a label stands only once.
_SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋"
    "蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段"
    "雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤温康施文牛樊葛邢安齐易乔伍庞颜倪庄"
    "聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷曲"
    "盛冉翁蓝路游辛靳管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司卓古吉缪简车项连芦麦"
    "褚娄窦戚岑景党宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬师和仇栾隋商刁沙荣巫"
    "寇桑郎甄丛仲虞敖巩明佘池查麻苑迟邝"
)
# Everyday words that begin with a family name and often stand before a colon.
_WORDS = (
    "方法 方式 方案 方向 方便 范围 范式 单位 单元 单点 单机 单独 包括 包含 包装 文件 文档 文章"
    " 文本 文化 文学 文字 解释 解决 解析 解法 解读 时间 时候 时机 时区 时长 时代 简称 简介 简单"
    " 简写 简言 简而 简明 简化 简历 阳性 全程 全身 全文 全部 全局 全国 全名 全年 全体 周日 周一"
    " 周二 周三 周四 周五 周六 周末 周期 任务 任何 温馨 温度 管理 管道 路径 路由 路线 路上 项目"
    " 老实 老话 老样 老问 老规 小结 小贴 小提 小心 小组 小时 小区 查询 查看 高级 高效 高频"
    " 高度 高层 高压 高风 高可 高性 高潮 安全 安装 安静 安排 应用 应对 应急 应该 应当 应收 关键"
    " 关系 关于 关闭 关注 关联 关心 连接 连续 成本 成功 成员 成熟 成长 成人 成果 成绩 边界 边缘"
    " 明确 明年 明天 明显 金额 金融 金钱 商品 商业 商务 商标 段落 季度 季节 符号 向量 向上 向下"
    " 白天 白板 白皮 钱包 冷静 冷却 景点 景区 程序 程度 余额 余下 房间 房租 房价 游戏 游客 车辆"
    " 车间 车站 师傅 师生 卫生 席位 费用 费率 和解 和平 宗旨 平台 石油 水平 何时 何地 何谓 何为"
    " 何况 何必 曾经 江湖 江南 田地 史料 史实 唐代 宋代 元代 明代 汉代 秦代 夏天 夏季 秋季 冬季"
    " 严重 严格 尤其 易用 易错 易于 康复 尚未 尚且 艾滋 华人 华为 古人 古代 古诗 古话 古语 左边"
    " 左侧 左右 司法 司机 农业 农村 农民 牛奶 牛肉 龙头 马上 马路 毛病 毛利 万一 万元 莫非 莫名"
    " 于是 于此 许多 许可 章节 陈述 陈列 黄金 黄色 白色 蓝色 蓝图 金色 韩国 鲁迅"
    " 甘肃 宁夏 安徽 吉林 江苏 江西 温州 武汉 广州 武器 席间 申请 申明"
    " 庞大 童年 施工 施行 危机 盛况 盛会 沙发 沙漠 党员 党委 党组 宫殿 荣誉 郎中 商场 商圈 商机"
).split()
_WORD_AHEAD = re.compile("|".join(_WORDS))
# `他说：` and `鲁迅曾说：` announce a quotation inside somebody's turn.
_QUOTING = re.compile(r".*(?:[说說曰称稱谓謂是的]|表示|指出|认为|如下)")
_TITLES = "老师|博士|教授|先生|女士|总|同学|医生|律师|经理|工|姐|哥|导|院长|校长|主任"
_HAN_NAME = re.compile(
    rf"[{HAN}]{{2,4}}|[{HAN}]{{1,3}}(?:{_TITLES})|[{HAN}]{{1,6}}·[{HAN}·]{{1,12}}"
    rf"|[小老阿][{HAN}]{{1,2}}"
)
_CAPITALISED = r"[A-ZÀ-Þ][\w'’.-]*"
_PARTICLE = r"(?:de|da|del|di|van|von|der|la|le|bin|al)"
_LATIN_NAME = re.compile(
    rf"(?:(?:Right )?(?:Dr|Mr|Mrs|Ms|Prof|Hon)\.? )?{_CAPITALISED}"
    rf"(?: (?:{_PARTICLE}|{_CAPITALISED})){{0,3}}(?:, [A-Z][\w.]*)?"
)


def is_asker(label: str) -> bool:
    """Tell whether a label is a role that asks: host, reporter, audience, Q."""
    return _ASKER.fullmatch(fold(label)) is not None


@lru_cache(4096)
def is_role(label: str) -> bool:
    """Tell whether a label is a known role rather than a name."""
    folded = fold(label)
    return bool(_ASKER.fullmatch(folded) or _ANSWERER.fullmatch(folded))


@lru_cache(4096)
def is_name(label: str) -> bool:
    """Tell whether a label has the shape of a person's name, Chinese or Western."""
    if not _HAN_NAME.fullmatch(label):
        return _LATIN_NAME.fullmatch(label) is not None
    folded = fold(label)
    if _WORD_AHEAD.match(folded) or _QUOTING.fullmatch(folded):
        return False
    return folded[0] in _SURNAMES or "·" in label or label[0] in "小老阿"


def never_speaks(label: str) -> bool:
    """Tell whether a label is one of the words that stand before a colon and are nobody."""
    return fold(label) in _NOT_SPEAKERS
