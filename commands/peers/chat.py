"""llama.cpp, as a peer of `mirage bench chat`.

    python3 chat.py FILE.gguf THREADS

It needs llama-cpp-python (which brings numpy), and nothing of this repository. The first line it
prints tells the version and what llama.cpp was built for, or what is missing. After that each line
on standard input is a task, a JSON object with the words of the `system`, a `question`, and how many
`tokens` to write. Each answer is a line of JSON: the tokens of the prompt, the seconds until the
first token of the answer, the tokens written, the seconds for those after the first, and the text.

The prompt is made by the template in the file. Nothing is kept from one task to the next. The
likeliest token is taken each time, also after the one that ends an answer, so that as many are
written as are asked for. llama.cpp is used with its own settings, but for the threads.
"""

import json
import sys
import time

try:
    import llama_cpp
    import numpy as np
    from llama_cpp.llama_chat_format import Jinja2ChatFormatter
except ImportError as error:
    name = "llama-cpp-python" if error.name == "llama_cpp" else error.name
    print(json.dumps({"missing": name}), flush=True)
    sys.exit(0)

# Tokens of the longest prompt, some 450, and its answer.
CONTEXT = 1024


def marker(llm, token: int) -> str:
    """How the template writes a token that begins or ends a text."""
    return "" if token < 0 else llm.detokenize([token], special=True).decode("utf-8")


def formatter_of(llm):
    """The template of a conversation that is in the file."""
    return Jinja2ChatFormatter(
        template=llm.metadata["tokenizer.chat_template"],
        eos_token=marker(llm, llm.token_eos()),
        bos_token=marker(llm, llm.token_bos()),
    )


def likeliest(llm) -> int:
    """The token that follows with the highest chance."""
    logits = llama_cpp.llama_get_logits_ith(llm.ctx, -1)
    return int(np.ctypeslib.as_array(logits, shape=(llm.n_vocab(),)).argmax())


def answered(llm, formatter, task: dict) -> dict:
    """Reads the prompt anew, writes the answer, and times both apart."""
    messages = [
        {"role": "system", "content": task["system"]},
        {"role": "user", "content": task["question"]},
    ]
    text = formatter(messages=messages).prompt
    # The template writes the mark of the beginning itself where there is one.
    tokens = llm.tokenize(text.encode("utf-8"), add_bos=False, special=True)
    llm.reset()
    started = time.perf_counter()
    llm.eval(tokens)
    written = [likeliest(llm)]
    read = time.perf_counter()
    while len(written) < task["tokens"]:
        llm.eval(written[-1:])
        written.append(likeliest(llm))
    ended = time.perf_counter()
    return {
        "prompt_tokens": len(tokens),
        "prompt_seconds": read - started,
        "answer_tokens": len(written),
        "decode_seconds": ended - read,
        "text": llm.detokenize(written).decode("utf-8", errors="replace"),
    }


def main() -> None:
    file, threads = sys.argv[1], int(sys.argv[2])
    llm = llama_cpp.Llama(
        model_path=file, n_ctx=CONTEXT, n_threads=threads, n_threads_batch=threads, verbose=False
    )
    formatter = formatter_of(llm)
    about = {
        "version": llama_cpp.__version__,
        "threads": llm.n_threads,
        "built_for": llama_cpp.llama_print_system_info().decode("utf-8").strip(),
    }
    print(json.dumps({"ready": about}), flush=True)
    for line in sys.stdin:
        print(json.dumps({"answer": answered(llm, formatter, json.loads(line))}), flush=True)


if __name__ == "__main__":
    main()
