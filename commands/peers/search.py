"""MIRAGE's own search, as a peer of `mirage bench search`: one product with all vectors, and the
places of the largest.

    python3 search.py VECTORS.npy QUERIES.npy RESULTS

Both files hold rows of 32-bit numbers. It needs numpy alone. The first line it prints tells the
version, or what is missing. After that each line on standard input names queries by their first
and last place, and the answer, a line of JSON, has the seconds of each, the seconds of the product
alone, and the rows found. How many
threads the product takes is set by the environment (OMP_NUM_THREADS, OPENBLAS_NUM_THREADS,
MKL_NUM_THREADS), which numpy reads when it is imported.
"""

import json
import sys
import time

try:
    import numpy as np
except ImportError as error:
    print(json.dumps({"missing": error.name}), flush=True)
    sys.exit(0)


def main() -> None:
    vectors, queries = np.load(sys.argv[1]), np.load(sys.argv[2])
    results = int(sys.argv[3])
    print(json.dumps({"ready": {"numpy": np.__version__, "rows": len(vectors)}}), flush=True)
    for line in sys.stdin:
        first, last = map(int, line.split())
        seconds, product, rows = [], [], []
        for query in queries[first:last]:
            started = time.perf_counter()
            cosines = vectors @ query
            multiplied = time.perf_counter()
            found = np.argsort(-cosines)[:results]
            seconds.append(time.perf_counter() - started)
            product.append(multiplied - started)
            rows.append(found.tolist())
        print(json.dumps({"answer": {"seconds": seconds, "product": product, "rows": rows}}), flush=True)


if __name__ == "__main__":
    main()
