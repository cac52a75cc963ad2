"""The page's words in English and Chinese; the English words are the keys."""

CHINESE = {
    "Look": "样式",
    "Data": "数据",
    "Read": "识别",
    "Runs": "训练",
    "Dark": "深色",
    "Start from": "起始样式",
    "Text": "文本",
    "Faces": "字体",
    "all faces": "全部字体",
    "Other lines": "换一批",
    "Characters per line": "每行字数",
    "frame": "边框",
    "letters": "文字",
    "decorations": "装饰",
    "gray": "灰度",
    "geometry": "几何",
    "blur": "模糊",
    "surface": "纸面",
    "capture": "采集",
    "jpeg": "JPEG",
    "share of lines": "行的比例",
    "of lines": "的行",
    "show": "显示",
    "Close": "关闭",
    "weak → strong": "弱 → 强",
    "low → high": "低 → 高",
    "Copy the style": "复制样式",
    "Copy the command": "复制命令",
    "Save as": "保存为",
    "Save": "保存",
    "Copied": "已复制",
    "Saved": "已保存",
    "Style file": "样式文件",
    "Drop real lines here": "把真实的行图放在这里",
    "Real lines": "真实的行图",
    "Rendered lines": "渲染的行图",
    "Nothing could be drawn: the contrast or the size is too small": "无法绘制：对比度或字号太小",
    "Data set": "数据集",
    "Open": "打开",
    "Text contains": "文本包含",
    "Face": "字体",
    "any": "任意",
    "Effect": "效果",
    "from": "从",
    "to": "到",
    "Find": "查找",
    "lines found": "行",
    "Classes that are short": "较少的字符",
    "class": "字符",
    "lines": "行数",
    "More": "更多",
    "No data set here yet: run ocrgen render": "还没有数据集：请运行 ocrgen render",
    "Model": "模型",
    "Drop a line or a page": "把行图或整页图放在这里",
    "The image is a page": "这是整页图",
    "Correct the text": "改正文字",
    "Save as a training line": "保存为训练行",
    "How it was read": "识别过程",
    "confidence": "置信度",
    "First run": "第一个训练",
    "Second run": "第二个训练",
    "Loss per character": "每字损失",
    "Character error rate": "字错误率",
    "Lines right": "整行正确率",
    "lines seen": "已见行数",
    "Compare on": "比较所用数据",
    "Compare": "比较",
    "Worst lines": "最差的行",
    "Second model": "第二个模型",
    "All lines are read without error": "全部行都识别正确",
    "No run here yet: run ocrtrain fit": "还没有训练：请运行 ocrtrain fit",
    "Language": "语言",
}


class Words:
    """Looks up the page's words in one language.

    Args:
        language: en or zh.
    """

    def __init__(self, language: str) -> None:
        self.language = language

    def __call__(self, english: str) -> str:
        return CHINESE[english] if self.language == "zh" else english
