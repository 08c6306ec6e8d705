"""The programs that run the peers of `gallery_peers.py` in a Python of their own."""

DRIVER = """
import asyncio, json, math, random, re, sys, types, warnings, logging, os
warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)
base, session, numbers = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
VALUE = re.compile(r"value \\d is (-?\\d+)\\.|boxed\\{(-?\\d+)\\}")

def prompt_of(number):
    return f"Simulated problem {number}.\\nWhat is its answer?"

def values(text):
    return [int(a or b) for a, b in VALUE.findall(text)]

def reward(number, text):
    seen = values(text)
    if not seen:
        return 0.5
    centre = 1.0 if seen[-1] == 1000 + 37 * number else -1.0
    draw = random.Random(f"reward {number} {seen[-1]}").gauss(centre, 1.0)
    return 1 / (1 + math.exp(-draw))

def number_of(text):
    return int(re.search(r"problem (\\d+)", text)[1])

def report(number, text):
    print(json.dumps([number, (values(str(text)) or [None])[-1]]), flush=True)

def each(solve):
    from concurrent.futures import ThreadPoolExecutor
    with ThreadPoolExecutor(8) as pool:
        for number, text in zip(numbers, pool.map(solve, numbers)):
            report(number, text)
"""

ITS_HUB = """
import its_hub
from its_hub import OpenAICompatibleLanguageModel, LMOrchestrator, StepGeneration
from its_hub.api import AbstractOutcomeRewardModel, AbstractProcessRewardModel
lm = OpenAICompatibleLanguageModel(endpoint=base, api_key="x", model_name=session)
random.seed(0)

class Outcome(AbstractOutcomeRewardModel):
    def score(self, messages, **kwargs):
        raise NotImplementedError
    async def ascore(self, conversations, orchestrator=None, **kwargs):
        return [reward(number_of(c[0].content), c[-1].content) for c in conversations]

class Process(AbstractProcessRewardModel):
    def score(self, prompt, steps):
        raise NotImplementedError
    async def ascore(self, prompt, responses):
        number = number_of(prompt if isinstance(prompt, str) else str(prompt))
        return [reward(number, text) for text in responses]

def steps():
    return StepGeneration(max_steps=3, step_token="\\n\\n", stop_token="boxed")

async def all_of(algorithm, budget):
    async def one(number):
        got = await algorithm.ainfer(lm, prompt_of(number), budget=budget)
        return number, got["content"]
    for coming in asyncio.as_completed([one(number) for number in numbers]):
        report(*await coming)
"""
OPTILLM = """
import importlib.util
spec = importlib.util.find_spec("optillm")
package = types.ModuleType("optillm")
package.__path__ = list(spec.submodule_search_locations)
package.conversation_logger = None
sys.modules["optillm"] = package
import openai
client = openai.OpenAI(base_url=base, api_key="x")
random.seed(0)
"""
DSPY = """
import dspy
lm = dspy.LM(f"openai/{session}", api_base=base, api_key="x", cache=False, temperature=1.0)
dspy.configure(lm=lm)

def judged(args, prediction):
    number = number_of(args["question"])
    return reward(number, f"boxed{{{prediction.answer}}}")

def run(make):
    for number in numbers:
        answer = make()(question=prompt_of(number)).answer
        report(number, f"boxed{{{answer}}}")
"""
RSA = """
class stub(types.ModuleType):
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return stub(name)

    def __call__(self, *args, **kwargs):
        return stub("made")

for name in ("transformers", "vllm", "pandas", "reasoning_gym", "reasoning_gym.factory", "datasets",
             "openai_harmony", "tqdm"):
    sys.modules[name] = stub(name)
sys.modules["rewards"] = types.ModuleType("rewards")
mathematics = sys.modules["rewards.math"] = types.ModuleType("rewards.math")
mathematics.last_boxed_only_string = lambda text: str((values(text) or [""])[-1])
mathematics.remove_boxed = lambda text: text
mathematics.is_equiv = lambda first, second: first == second
sys.path.insert(0, os.environ["RSA_CHECKOUT"])
import openai, eval_loop
from concurrent.futures import ThreadPoolExecutor
client = openai.OpenAI(base_url=base, api_key="x")

class engine:
    def generate(self, prompts, sampling_params):
        def ask(prompt):
            messages = [{"role": "user", "content": prompt}]
            done = client.chat.completions.create(model=session, messages=messages)
            text = done.choices[0].message.content
            return types.SimpleNamespace(outputs=[types.SimpleNamespace(text=text)])
        with ThreadPoolExecutor(8) as pool:
            return list(pool.map(ask, prompts))

random.seed(0)
data = [
    dict(orig_prompt=prompt_of(n), dataset_name=None, gt=str(1000 + 37 * n), candidates=None)
    for n in numbers
]
words = types.SimpleNamespace(encode=str.split)
for _ in range(3):
    eval_loop.run(engine(), words, None, 3, 8, data, "math", False, lambda _, prompt: prompt)
from collections import Counter
for number, problem in zip(numbers, data):
    votes = Counter((values(text) or [None])[-1] for text in problem["candidates"])
    report(number, f"boxed{{{votes.most_common(1)[0][0]}}}")
"""
TREEQUEST = """
import openai, treequest
client = openai.OpenAI(base_url=base, api_key="x")
REVISE = "{}\\n\\nA solution:\\n{}\\n\\nWrite an improved solution with its final answer."

def ask(text):
    messages = [{"role": "user", "content": text}]
    done = client.chat.completions.create(model=session, messages=messages)
    return done.choices[0].message.content

def search(number):
    def generate(parent):
        prompt = prompt_of(number)
        text = ask(REVISE.format(prompt, parent) if parent else prompt)
        return text, reward(number, text)
    algorithm = treequest.ABMCTSA()
    tree = algorithm.init_tree()
    for _ in range(16):
        tree = algorithm.step(tree, {"ask": generate})
    return treequest.top_k(tree, algorithm, k=1)[0][0]

import numpy
numpy.random.seed(0)
each(search)
"""
