"""Fixtures for test/text: tokenizers, chat templates and what Hugging Face makes of them.

Trains one tiny byte-level BPE for each pre-tokenizer on the text below and records the ids of
tricky texts, and the lengths (in code points) of the pieces they are cut into; renders chat templates with transformers (Jinja2). Needs the Python packages
tokenizers, transformers and jinja2.

    python scripts/oracles/tokenizer_fixture.py CHECKPOINT

CHECKPOINT is the directory of the lab checkpoint (tokenizer.json, tokenizer_config.json,
heldout.jsonl). Writes test/fixtures/text/*.json.
"""

import json
import sys
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

OUT = Path(__file__).resolve().parents[2] / "test" / "fixtures" / "text"

CORPUS = """
The lamp on the third shelf was older than the shop. Nobody had lit it since the flood of 1987,
and nobody wanted to: it hummed when the tide turned, it's said, and the shopkeeper's cat wouldn't
sleep near it. "You're late," she'd told the boy; he'd shrugged. They've counted 12 boxes, then 144,
then 20736 nails. I'll write that down, I'm sure we'd lose it otherwise. IT'S FINE. WE'LL SEE.
def count(items):
    total = 0
    for item in items:
        if item is not None:
            total += 1
    return total

    // Tabs\tand   runs of   spaces;\r\nWindows line ends\r\n\r\n
for (let i = 0; i < 1024; i++) { table[i] = (i * 2654435761) >>> 0; }
Öl und Äpfel kosten 3,50 €. Grüße aus Köln! Déjà vu, naïve café, où êtes-vous ?
El niño comió piñas. Zażółć gęślą jaźń. Hvad hedder å i æ og ø?
Съешь ещё этих мягких французских булок, да выпей чаю. Привет, мир!
Καλημέρα κόσμε. שלום עולם. مرحبا بالعالم. नमस्ते दुनिया। สวัสดีชาวโลก
我喜欢喝茶。今天天气很好，我们去公园散步。東京は日本の首都です。カタカナとひらがな。
안녕하세요 세계. 한국어를 조금 합니다.
Sun, moon and stars: ☀️ 🌙 ⭐ 👍🏽 👨‍👩‍👧‍👦 🇩🇪 🎉🎉
x² + y² = z²; ½ + ¼ = ¾; Ⅳ comes after Ⅲ; ١٢٣ and १२३ are digits too.
""" * 3

CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+"
REST = r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"


def byte_level(use_regex):
    return pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=use_regex)


def split_then_bytes(numbers):
    pattern = Regex(f"{CONTRACTIONS}|{numbers}|{REST}")
    return pre_tokenizers.Sequence([pre_tokenizers.Split(pattern, "isolated"), byte_level(False)])


KINDS = {
    "qwen2": (split_then_bytes(r"\p{N}"), normalizers.NFC()),
    "llama-bpe": (split_then_bytes(r"\p{N}{1,3}"), None),
    "smollm": (pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), byte_level(True)]), None),
    "gpt-2": (byte_level(True), None),
}

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|im_end", "|<MASK>|"]
USER_DEFINED = ["<tool>", "<tool><tool>", "größe", "茶"]

TEXTS = [
    "",
    " ",
    "a",
    "Hello, world!",
    "The shopkeeper's cat wouldn't sleep; they've said it's fine, I'd go, I'm sure, you'll see, we're late.",
    "IT'S THEY'VE I'LL YOU'RE WE'D I'M DON'T It'S 'S 's 'll' 'tis '90s d'accord l'été",
    "a'\u017fb '\u017ft \u212aelvin",
    "1 12 123 1234 12345 1234567890123456789012345678901234567890",
    "3.14159 1,000,000 0x1F 1e-9 v2.0.1 2+2=4 76+59=? -5 +7",
    "x² ½ Ⅳ ١٢٣٤٥ १२३४ 〇一二 ⑤ 𝟘𝟙𝟚𝟛 1a2b3c a1 1a",
    "  leading and trailing  ",
    "one two  three   four    five\tsix\t\tseven \t eight",
    "line\nline\n\nline\n\n\nline\r\nline\r\n\r\n \n  \n\t\n",
    "   \n   \n",
    "\n",
    "\r",
    "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f end",
    "a\u0085b \u0085 c\u00a0d\u00a0\u00a0e\u2003f \u2028 \u2029g\u3000h\u3000\u3000i",
    "\ufeffBOM, zero\u200bwidth\u200djoiner \u180e mongolian \u2060",
    "def f(x):\n    return x ** 2  # square\n\n\nprint(f(3))\n",
    "if(a&&b||!c){d=e?f:g;} // {{}} [[]] <<>> ;;;; ---- ==== ....",
    "https://example.org/path?q=1&r=%20#frag user@example.org C:\\dir\\file.txt",
    "!!!???...,,,;;;:::'''\"\"\"``` -- --- — – … “quoted” ‘single’ «guillemets»",
    "!\n?\r\n.\n\n,\n \n;",
    "Grüße aus Köln, naïve café, où êtes-vous ? El niño, Zażółć gęślą jaźń, Ærøskøbing, Łódź",
    "Cafe\u0301 na\u0131\u0308ve A\u030a E\u0301 o\u0302\u0323 q\u0307\u0323 \u1100\u1161\u11a8 \u0344 \u0958 \u2126",
    "Съешь ещё этих мягких булок. Привет, мир! Київ, Ґанок",
    "Καλημέρα κόσμε, Σίσυφος, ἄνθρωπος",
    "שלום עולם, בְּרֵאשִׁית",
    "مرحبا بالعالم، السَّلَامُ عَلَيْكُمْ ١٢٣",
    "English then עברית then العربية then 123 then back \u202eoverride\u202c \u2067isolate\u2069",
    "नमस्ते दुनिया, क्षत्रिय, தமிழ், বাংলা, ಕನ್ನಡ",
    "สวัสดีชาวโลก ພາສາລາວ မြန်မာ ខ្មែរ",
    "我喜欢喝茶。今天天气很好，我们去公园散步。",
    "東京は日本の首都です。カタカナ、ひらがな、漢字。１２３",
    "안녕하세요 세계. 한국어를 조금 합니다.",
    "𠮷野家 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𐍈 𒀀 🜁",
    "👍 👍🏽 👨‍👩‍👧‍👦 🇩🇪🇫🇷 ☀️ ☀ ❤️‍🔥 🏳️‍🌈 1️⃣ #️⃣ 🎉🎉🎉",
    "a👍b 👍c\u0301 🎉\n🎉 d",
    "Z͑ͫ̓a̴̡l̵g̷o̸ t̶e̵x̴t̸",
    "\u0000\u0001\u0007\u001b[31mred\u001b[0m\u007f\u0080\u009f",
    "\ufffd \ufffe \uffff \U0010ffff \ue000 \U000f0000",
    "<|im_start|>user\nWhat is 2+2?<|im_end|>\n<|im_start|>assistant\n",
    "<|endoftext|><|endoftext|> <|endoftext|>x<|endoftext|>",
    "<|im_end|\n<|im_end<|im_end|><|im_end|>>|<MASK>||<MASK>|<MASK>",
    "<|im_end|>\u0338 <tool>\u0338 e<tool>\u0301",
    "<tool><tool><tool> <tool >größe größer grösse 茶茶 喝茶",
    "<|unknown|> <s> </s> [INST] <0x41> <|",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "thethethethe thethethe nononono couldn'tcouldn't",
    "Pneumonoultramicroscopicsilicovolcanoconiosis hippopotomonstrosesquippedaliophobia",
    "a b c d e f g h i j k l m n o p q r s t u v w x y z",
    " a  b   c    d",
    "word" * 40,
    " " * 70 + "x" + " " * 33,
    "\n" * 20 + "x" + "\n \n" * 7,
    "_snake_case_ camelCase PascalCase kebab-case SCREAMING_CASE __dunder__",
    "$5 £6 €7 ¥8 5% #1 @me a*b a/b a\\b a^b ~a `b`",
    "unmaskable reunmasking unmask Unmask UNMASK",
]

# In the vocabulary, but not what the merges make of these words: tells ignore_merges apart.
UNREACHABLE = ["Ġunmask", "Ġreunmasking", "wordwordwor"]


def train(name):
    pre, normalizer = KINDS[name]
    tokenizer = Tokenizer(models.BPE(ignore_merges=name == "llama-bpe"))
    tokenizer.pre_tokenizer = pre
    tokenizer.decoder = decoders.ByteLevel()
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    trainer = trainers.BpeTrainer(
        vocab_size=700, show_progress=False, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    tokenizer.train_from_iterator([CORPUS], trainer)
    data = json.loads(tokenizer.to_str())
    for token in UNREACHABLE:
        data["model"]["vocab"].setdefault(token, len(data["model"]["vocab"]))
    tokenizer = Tokenizer.from_str(json.dumps(data))
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIAL])
    tokenizer.add_tokens([AddedToken(token, special=False, normalized=False) for token in USER_DEFINED])
    return tokenizer


def write(name, value):
    path = OUT / f"{name}.json"
    path.write_text(json.dumps(value, ensure_ascii=True, separators=(",", ":")) + "\n")
    print(path.name, path.stat().st_size)


def tokenizer_fixtures():
    for name in KINDS:
        tokenizer = train(name)
        cases = []
        for text in TEXTS:
            encoding = tokenizer.encode(text, add_special_tokens=False)
            normal = tokenizer.normalizer.normalize_str(text) if tokenizer.normalizer else text
            pieces = [end - start for _, (start, end) in tokenizer.pre_tokenizer.pre_tokenize_str(normal)]
            cases.append({"text": text, "ids": encoding.ids, "pieces": pieces})
        write(f"tokenizer-{name}", {"tokenizer": json.loads(tokenizer.to_str()), "cases": cases})


CHATML = (
    "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)

# ChatML with a default system message, in the manner of Qwen2.5: block tags on lines of their own.
CHATML_SYSTEM = """{%- if messages[0]['role'] == 'system' %}
    {{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}
{%- else %}
    {{- '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' }}
{%- endif %}
{%- for message in messages %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) or (message.role == "assistant" and not message.tool_calls) %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
    {%- elif message.role == "tool" %}
        {{- '<|im_start|>user\\n<tool_response>\\n' + message.content + '\\n</tool_response><|im_end|>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
"""

LLAMA3 = (
    "{% for message in messages %}{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'"
    " + message['content'] | trim + '<|eot_id|>' %}{% if loop.index0 == 0 %}{% set content = bos_token + content %}"
    "{% endif %}{{ content }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}"
)

# What other templates are made of: macros, namespaces, loop controls, filters, slices, tests.
CONSTRUCTS = """{%- set ns = namespace(turns=0, system='') -%}
{%- macro turn(role, text) -%}
[{{ role | upper }}] {{ text | trim }}{{ eos_token }}
{%- endmacro -%}
{{ bos_token }}
{% for message in messages %}
    {% if message.role == 'system' %}
        {% set ns.system = message.content %}
        {% continue %}
    {% endif %}
    {% set ns.turns = ns.turns + 1 %}
    {{ turn(message['role'], message['content']) }} #{{ loop.index }}/{{ loop.length }}{{ ', last' if loop.last else '' }}
{% endfor %}
turns={{ ns.turns }} system={{ ns.system | default('none', true) | tojson }} first={{ messages[-1]['content'][:5] }}
{% if tools is defined and tools is not none %}tools{% else %}no tools{% endif %}
{% for i in range(3) if i != 1 %}{{ i }};{% endfor %}
{{ messages | map(attribute='role') | join(',') }}
{%- if add_generation_prompt %} > {% endif -%}
"""

CONVERSATIONS = [
    [{"role": "user", "content": "What is 2+2?"}],
    [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "  Bonjour, ça va ?\n"},
        {"role": "assistant", "content": "2 + 2 equals 4."},
        {"role": "user", "content": "{{ not a template }} <|im_end|> \"quoted\" 茶 & <b>"},
    ],
    [{"role": "user", "content": ""}, {"role": "assistant", "content": " \n x \n "}],
]


def template_fixtures(lab):
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_file(str(lab / "tokenizer.json")), bos_token="<s>", eos_token="</s>"
    )
    templates = {"chatml": CHATML, "chatml-system": CHATML_SYSTEM, "llama3": LLAMA3, "constructs": CONSTRUCTS}
    fixtures = []
    for name, source in templates.items():
        cases = []
        for messages in CONVERSATIONS:
            for generate in (True, False):
                text = tokenizer.apply_chat_template(
                    messages, chat_template=source, tokenize=False, add_generation_prompt=generate
                )
                cases.append({"messages": messages, "addGenerationPrompt": generate, "text": text})
        fixtures.append({"name": name, "source": source, "cases": cases})
    write("templates", {"bos": "<s>", "eos": "</s>", "templates": fixtures})


def lab_fixture(lab):
    config = json.loads((lab / "tokenizer_config.json").read_text())
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer.from_file(str(lab / "tokenizer.json")))
    tokenizer.chat_template = config["chat_template"]
    cases = []
    for line in (lab / "heldout.jsonl").read_text().splitlines()[:50]:
        messages = [{"role": "user", "content": json.loads(line)["question"]}]
        text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        cases.append({"question": messages[0]["content"], "text": text, "ids": ids})
    write("tokenizer-lab", {"tokenizer": json.loads((lab / "tokenizer.json").read_text()), "config": config, "cases": cases})


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    tokenizer_fixtures()
    template_fixtures(Path(sys.argv[1]))
    lab_fixture(Path(sys.argv[1]))
