"""Interviews that nobody gave: as many turns as wanted, the same ones every time.

Words come from two short lists with the frequencies of natural language (Zipf), every interview
has a topic of its own (some words are frequent only there), its own invented names, and numbers, so
that an index of these texts has common terms, rare terms and terms of one place like a real one.
The lengths are those of podcasts: questions of a sentence or two, replies of up to nine.
"""

from __future__ import annotations

import random
from pathlib import Path

TURNS_PER_FILE = 200

_ZH = (
    "我们 觉得 其实 时候 一个 现在 就是 因为 所以 没有 可以 公司 大家 问题 事情 客户 产品 市场"
    " 团队 时间 工作 孩子 学校 老师 学生 父母 城市 农村 房子 邻居 医院 医生 病人 护士 药品 机器"
    " 工厂 工人 师傅 零件 电池 充电 汽车 司机 乘客 火车 车站 票价 排队 手机 软件 数据 模型 训练"
    " 算法 芯片 服务器 网络 安全 密码 银行 贷款 利率 投资 股票 亏损 利润 成本 价格 合同 供应"
    " 仓库 物流 快递 包裹 退货 投诉 电话 短信 邮件 会议 记录 文件 报告 计划 目标 预算 招聘 面试"
    " 工资 加班 辞职 创业 失败 成功 机会 风险 经验 教训 习惯 读书 写作 小说 电影 音乐 比赛"
    " 训练营 足球 跑步 爬山 河流 水库 森林 土地 粮食 蔬菜 水果 果园 茶叶 厨房 饭店 菜单 味道"
    " 客人 服务 收入 支出 税务 法律 律师 法院 证据 判决 政府 政策 补贴 审批 标准 检测 质量 事故"
    " 保险 赔偿 维修 升级 设计 图纸 施工 桥梁 隧道 地铁 机场 天气 台风 暴雨 干旱 温度 能源 煤炭"
    " 风电 光伏 电网 储能 排放 污染 回收 垃圾 环保 实验 论文 教授"
).split()
_ZH_GLUE = "的 了 是 在 也 都 就 不 还 很 把 被 从 对 跟 会 要 能 说 到 这 那 有 去 又".split()
_EN = (
    "people time really think thing something work company product team market problem customer"
    " year money idea story school teacher student parent child city village house neighbour"
    " hospital doctor patient nurse medicine machine factory worker battery charger car driver"
    " passenger train station ticket queue phone software data model training algorithm chip"
    " server network security password bank loan interest investment stock loss profit cost"
    " price contract supplier warehouse delivery parcel return complaint message email meeting"
    " record document report plan goal budget hiring interview salary overtime founder failure"
    " success chance risk experience lesson habit reading writing novel film music match"
    " football running mountain river reservoir forest land grain vegetable fruit orchard tea"
    " kitchen restaurant menu taste guest service income tax law lawyer court evidence"
    " government policy subsidy approval standard inspection quality accident insurance repair"
    " upgrade design drawing bridge tunnel subway airport weather typhoon drought temperature"
    " energy coal wind solar grid storage emission pollution recycling waste experiment paper"
    " professor library archive museum painter studio camera editor publisher translation"
).split()
_EN_GLUE = (
    "the a of to and in that it is was for on with as we you they but so not from this which have"
).split()
_SURNAMES = "林 周 沈 顾 许 韩 唐 宋 陆 程".split()
_GIVEN = "晓 文 嘉 明 远 一 宁 川 岚 舟 青 禾".split()
_FIRST = "Nora Ian Clara Owen Maya Felix Ruth Simon Tess Victor".split()
_LAST = "Abbott Barlow Castell Drummond Ellery Fenwick Garrow Hollis Ingram Jessop".split()
_HALVES = "river stone north light copper cedar anchor willow harbour summit ember falcon".split()


class _Interview:
    """One file: its language, names and topic follow from its number alone."""

    def __init__(self, number: int) -> None:
        self.random = random.Random(number)
        self.chinese = number % 2 == 0
        self.words, self.glue = (_ZH, _ZH_GLUE) if self.chinese else (_EN, _EN_GLUE)
        self.topic = self.random.sample(self.words, 25)
        self.host, self.guest = self._name(), self._name()
        self.firm = "".join(self.random.sample(_HALVES, 2)).capitalize()
        # Zipf's law: the word of rank r is 1/r as frequent as the first.
        self._weights = [1 / rank for rank in range(1, len(self.words) + 1)]

    def _name(self) -> str:
        if self.chinese:
            return self.random.choice(_SURNAMES) + "".join(self.random.sample(_GIVEN, 2))
        return f"{self.random.choice(_FIRST)} {self.random.choice(_LAST)}"

    def _word(self) -> str:
        dice = self.random.random()
        if dice < 0.02:
            return str(self.random.randint(2, 5000))
        if dice < 0.04:
            return self.firm
        if dice < 0.40:
            return self.random.choice(self.glue)
        if dice < 0.65:
            return self.random.choice(self.topic)
        return self.random.choices(self.words, self._weights)[0]

    def sentence(self, mark: str) -> str:
        """Return a sentence that ends with `mark`, in the style of its language."""
        words = [self._word() for _ in range(self.random.randint(7, 20))]
        if not self.chinese:
            return " ".join(words).capitalize() + mark
        half = len(words) // 2
        wide = {"?": "？", ".": "。"}[mark]
        return "".join(words[:half]) + "，" + "".join(words[half:]) + wide

    def turn(self, *, asks: bool) -> str:
        """Return what is said in one turn."""
        statements = self.random.randint(0, 1) if asks else self.random.randint(1, 9)
        spoken = [self.sentence(".") for _ in range(statements)]
        spoken += [self.sentence("?")] if asks else []
        return ("" if self.chinese else " ").join(spoken)

    def text(self, turns: int) -> str:
        """Return the file: a title, then host and guest by turns."""
        title = f"# {self.firm} {self.topic[0]} {self.topic[1]}"
        colon = "：" if self.chinese else ": "
        lines = [title]
        for number in range(turns):
            asks = number % 2 == 0
            speaker = self.host if asks else self.guest
            lines.append(f"{speaker}{colon}{self.turn(asks=asks)}")
        return "\n\n".join(lines) + "\n"

    def question(self) -> str:
        """Return something that a reader of this interview may ask."""
        about = self.random.sample(self.topic, 2)
        if self.chinese:
            return f"{self.firm} 的{about[0]}为什么影响了{about[1]}？"
        return f"Why did the {about[0]} at {self.firm} change the {about[1]}?"


def write(folder: Path, turns: int) -> int:
    """Write interviews with `turns` turns in all; return how many files that took."""
    folder.mkdir(parents=True, exist_ok=True)
    starts = range(0, turns, TURNS_PER_FILE)
    for number, start in enumerate(starts):
        text = _Interview(number).text(min(TURNS_PER_FILE, turns - start))
        (folder / f"interview-{number:05}.md").write_text(text, encoding="utf-8")
    return len(starts)


def questions(count: int) -> list[str]:
    """Return questions about the first interviews, Chinese and English by turns."""
    return [_Interview(number % 40).question() for number in range(count)]
