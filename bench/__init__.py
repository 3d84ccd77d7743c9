"""What our server costs beside a plain relay that stores nothing (`make bench`).

One harness, two subjects, the same provider (tests/simulator) and the same client. The subject runs
alone on one core, provider and client on others. Every figure comes from a fresh process with a
fresh database on this disk, with fsync as in production. The provider writes the clock into each
token, so lag is measured token by token. Raw results stay in bench/results.
"""
