"""Conversations as transformers renders them with chat templates: the oracle of test/unit/chatTemplate.test.ts.

    python models/train/make_chat_oracle.py --qwen FOLDER --out test/oracles/chat/templates.json [--more FILE.jinja ...]

The templates of Qwen2.5 and SmolLM2 are their publishers' (Apache-2.0). Those of other families are written here, with the
constructs that theirs use: what is compared is how Jinja is understood. FOLDER is an imported Qwen2.5-Coder, for its template.
"""

import argparse
import datetime
import json
from pathlib import Path
from unittest import mock

from transformers.utils import chat_template_utils

NOW = datetime.datetime(2026, 3, 9, 14, 5, 7)

SMOLLM2 = (
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n' }}{% endif %}"
    "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)

# Looks for the last question from the end, and keeps the thoughts of answers behind it alone.
THINKS_ALOUD = """{%- set seen = namespace(last=messages|length - 1, looks=true) %}
{%- for message in messages[::-1] %}
    {%- set at = (messages|length - 1) - loop.index0 %}
    {%- if seen.looks and message.role == "user" and not (message.content.startswith('<tool_response>') and message.content.endswith('</tool_response>')) %}
        {%- set seen.looks = false %}
        {%- set seen.last = at %}
    {%- endif %}
{%- endfor %}
{%- if tools %}
    {{- raise_exception('Tools are not known here.') }}
{%- endif %}
{%- for message in messages %}
    {%- if message.role == "assistant" %}
        {%- set content = message.content %}
        {%- set thought = '' %}
        {%- if message.reasoning_content is string %}
            {%- set thought = message.reasoning_content %}
        {%- elif '</think>' in content %}
            {%- set thought = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
            {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
        {%- endif %}
        {%- if loop.index0 > seen.last and (loop.last or thought) %}
            {{- '<|im_start|>assistant\\n<think>\\n' + thought.strip('\\n') + '\\n</think>\\n\\n' + content.lstrip('\\n') }}
        {%- else %}
            {{- '<|im_start|>assistant\\n' + content }}
        {%- endif %}
        {{- '<|im_end|>\\n' }}
    {%- else %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}
"""

# Begins with bos, trims what is said, and tells the date if there is one.
HEADERS = """{{- bos_token }}
{%- if not date_string is defined %}
    {%- if strftime_now is defined %}
        {%- set date_string = strftime_now("%d %b %Y") %}
    {%- else %}
        {%- set date_string = "1 Jan 2024" %}
    {%- endif %}
{%- endif %}
{%- if not tools is defined %}
    {%- set tools = none %}
{%- endif %}

{#- The system's turn comes first, whether there is one or not. #}
{%- if messages[0]['role'] == 'system' %}
    {%- set told = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set told = "" %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
{%- if tools is not none %}
    {{- "Tools\\n" }}
{%- endif %}
{{- "Today: " + date_string + "\\n\\n" + told + "<|eot_id|>" }}
{%- for message in messages %}
    {%- if not (message.role == 'tool' or 'tool_calls' in message) %}
        {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' + message['content'] | trim + '<|eot_id|>' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}
"""

# Says something of its own where nobody did, and writes what begins an answer inside its loop.
ROLES = """{%- if messages[0]['role'] == 'system' %}
    {%- set told = messages[0]['content'] %}
    {%- set turns = messages[1:] %}
{%- else %}
    {%- set told = "Today's Date: " + strftime_now('%B %d, %Y') + ".\\nYou are helpful." %}
    {%- if tools and documents %}
        {%- set told = told + " Tools." %}
    {%- elif documents %}
        {%- set told = told + " Documents." %}
    {%- endif %}
    {%- set turns = messages %}
{%- endif %}
{{- '<|start_of_role|>system<|end_of_role|>' + told + '<|end_of_text|>\\n' }}
{%- for message in turns %}
    {{- '<|start_of_role|>' + message['role'] + '<|end_of_role|>' + message['content'] + '<|end_of_text|>\\n' }}
    {%- if loop.last and add_generation_prompt %}
        {{- '<|start_of_role|>assistant' }}
            {%- if controls %}
                {{- ' ' + controls | tojson() }}
            {%- endif %}
        {{- '<|end_of_role|>' }}
    {%- endif %}
{%- endfor %}
"""

# Has no system, and insists on turns that alternate.
NO_SYSTEM = """{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}
{% for message in messages %}
{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate user/assistant/...') }}{% endif %}
{% set role = 'model' if message['role'] == 'assistant' else message['role'] %}
{{ '<start_of_turn>' + role + '\\n' + message['content'] | trim + '<end_of_turn>\\n' }}{% endfor %}
{% if add_generation_prompt %}{{ '<start_of_turn>model\\n' }}{% endif %}
"""

CODE = "```ts\nconst a = b < c && d > e; // {{ x }} {% y %}\n```\n\n  What is it?  \n"
CONVERSATIONS = [
    [("user", "Hi")],
    [("system", " Be brief. "), ("user", CODE)],
    [("system", "Be brief."), ("user", "A?"), ("assistant", "B.\n"), ("user", "C? é 日本 🙂")],
    [("user", "A?"), ("assistant", "<think>\nhm\n</think>\n\nB."), ("user", "C?")],
]


def rendered(template: str, messages: list[dict[str, str]], variables: dict[str, str]) -> str:
    with mock.patch.object(chat_template_utils, "datetime", mock.Mock(now=lambda: NOW)):
        texts, _ = chat_template_utils.render_jinja_template(
            conversations=[messages],
            chat_template=template,
            add_generation_prompt=True,
            enable_thinking=False,
            **variables,
        )
    return texts[0]


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--qwen", type=Path, required=True)
    arguments.add_argument("--out", type=Path, required=True)
    arguments.add_argument("--more", type=Path, nargs="*", default=[])
    asked = arguments.parse_args()
    qwen = json.loads((asked.qwen / "tokenizer_config.json").read_text())["chat_template"]
    chatml = ["<|im_start|>", "<|im_end|>"]
    templates = [
        ("Qwen2.5", qwen, "<|im_end|>", chatml),
        ("SmolLM2", SMOLLM2, "<|im_end|>", chatml),
        ("one that thinks aloud, as Qwen3", THINKS_ALOUD, "<|im_end|>", chatml),
        ("one with headers, as Llama 3.2", HEADERS, "<|eot_id|>", ["<|begin|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]),
        ("one with roles, as Granite", ROLES, "<|end_of_text|>", ["<|start_of_role|>", "<|end_of_role|>", "<|end_of_text|>"]),
        ("one without a system, as Gemma", NO_SYSTEM, "<end_of_turn>", ["<|begin|>", "<start_of_turn>", "<end_of_turn>"]),
        *((path.name, path.read_text(), "", []) for path in asked.more),
    ]
    rows = []
    for name, template, end, special in templates:
        variables = {"bos_token": "<|begin|>", "eos_token": end}
        conversations = []
        for turns in CONVERSATIONS:
            if template is NO_SYSTEM and turns[0][0] == "system":
                continue
            messages = [{"role": role, "content": content} for role, content in turns]
            conversations.append({"messages": messages, "text": rendered(template, messages, variables)})
        rows.append({"name": name, "template": template, "variables": variables, "end": end, "special": special, "conversations": conversations})
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(json.dumps({"now": NOW.isoformat(), "templates": rows}, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
