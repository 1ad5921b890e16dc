package ebpf

// The object files are committed, so that building needs no C compiler. To make them again (after a
// change in bpf/) clang 14 or later and the headers of libbpf are needed: apt-get install clang-14 libbpf-dev
//go:generate go run github.com/cilium/ebpf/cmd/bpf2go -cc clang-14 -strip llvm-strip-14 -target bpfel,bpfeb -tags linux -no-global-types -type series_key -type series block bpf/block.bpf.c -- -O2 -Wall -Wextra -Werror
