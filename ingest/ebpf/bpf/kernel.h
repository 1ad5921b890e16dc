// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
//
// The part of the kernel that block.bpf.c looks at, and nothing more.
//
// Only names matter here. Offsets are corrected when the program is loaded,
// against the types that the running kernel describes in /sys/kernel/btf
// (preserve_access_index asks the compiler to record each access), so fields
// that are not read are left out and the order means nothing.
#pragma once

typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef int __s32;
typedef unsigned long long __u64;
typedef long long __s64;

// bpf_helper_defs.h mentions these in prototypes that are not used here.
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;

// From the kernel's user-space interface (linux/bpf.h); the numbers are fixed.
enum {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_PERCPU_HASH = 5,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
};

enum {
	BPF_ANY = 0,
	BPF_NOEXIST = 1,
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct kernfs_node {
	__u64 id;
};

struct cgroup {
	struct kernfs_node *kn;
};

struct cgroup_subsys_state {
	struct cgroup *cgroup;
};

struct blkcg {
	struct cgroup_subsys_state css;
};

struct blkcg_gq {
	struct blkcg *blkcg;
};

// bi_blkg is there only in kernels built with CONFIG_BLK_CGROUP.
struct bio {
	struct blkcg_gq *bi_blkg;
};

struct gendisk {
	int major;
	int first_minor;
};

struct request_queue {
	struct gendisk *disk;
};

struct request {
	struct request_queue *q;
	struct bio *bio;
	__u32 cmd_flags;
	__u32 __data_len;
	__u64 start_time_ns;
};

// Before Linux 5.16 the disk hung on the request. The part of a name after
// three underscores is not compared with the kernel's.
struct request___before_5_16 {
	struct gendisk *rq_disk;
};

// Renumbered in the life of the kernel, so its value is looked up.
enum req_op {
	REQ_OP_ZONE_APPEND = 7,
};

#pragma clang attribute pop
