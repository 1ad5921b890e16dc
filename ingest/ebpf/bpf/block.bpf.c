// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
//
// Measures every read and write request of every block device: one latency
// histogram per (device, cgroup, direction), with sums, errors and requests in
// flight. User space reads the maps; nothing is sent per request.
//
// This file is licensed, at your choice, under the Apache License 2.0 (as the
// rest of the project) or the GNU General Public License 2.0. It tells the
// kernel "GPL" because the kernel offers its clock only to such programs.
#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

char __license[] SEC("license") = "GPL";

// The histogram covers 2^MIN_EXP to 2^MAX_EXP ns (256 ns to 1100 s) with
// 2^SUB_BITS equal parts per octave. histogram.go has the same numbers.
#define SUB_BITS 3
#define MIN_EXP 8
#define MAX_EXP 40
#define BUCKETS ((MAX_EXP - MIN_EXP) << SUB_BITS)

#define REQ_OP_MASK 0xff
#define REQ_OP_READ 0
#define REQ_OP_WRITE 1
#define REQ_OP_WRITE_ZEROES 9

// Whether to tell cgroups apart; set before loading.
const volatile __u32 per_cgroup = 0;

struct series_key {
	__u64 cgroup; // inode of the cgroup's folder, 0 when not told apart
	__u32 device; // major << 20 | minor
	__u32 write;  // 0 or 1
};

// All counters only grow, except in_flight. Each CPU has its own copy, and a
// request may begin on one and end on another, so only the sum over the CPUs
// means something.
struct series {
	__u64 latency_ns; // from the request's creation to its completion
	__u64 wait_ns;    // the part of it before the driver got the request
	__u64 bytes;
	__u64 errors;
	__s64 in_flight; // given to the driver and not yet completed
	__u32 buckets[BUCKETS];
};

struct flight {
	__u64 issued;
	__u64 started; // the request's creation; 0 when the kernel does not note it
	struct series_key key;
	__u64 counted; // whether in_flight was raised for it
};

enum loss {
	LOSS_SERIES,  // a completed request had no room in measured
	LOSS_FLIGHTS, // an issued request had no room in flights
	LOSSES,
};

// Preallocated: kernels before 6.1 may not allocate here. User space chooses
// the number of series from the memory that it may take.
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct series_key);
	__type(value, struct series);
} measured SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64); // address of the request
	__type(value, struct flight);
} flights SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, LOSSES);
	__type(key, __u32);
	__type(value, __u64);
} losses SEC(".maps");

// A new series; too big for the stack of 512 bytes.
static const struct series empty = {};

// An interrupt may run these programs in the middle of themselves, so that
// plain additions would get lost even on one CPU.
#define ADD(counter, n) __sync_fetch_and_add(&(counter), (n))

static __always_inline void lose(__u32 why)
{
	__u64 *n = bpf_map_lookup_elem(&losses, &why);

	if (n)
		ADD(*n, 1);
}

static __always_inline struct series *series_of(struct series_key *key)
{
	struct series *s = bpf_map_lookup_elem(&measured, key);

	if (s)
		return s;
	bpf_map_update_elem(&measured, key, &empty, BPF_NOEXIST);
	return bpf_map_lookup_elem(&measured, key);
}

static __always_inline __u32 log2_of(__u64 v)
{
	__u32 e = 0;

	if (v >> 32) { e += 32; v >>= 32; }
	if (v >> 16) { e += 16; v >>= 16; }
	if (v >> 8) { e += 8; v >>= 8; }
	if (v >> 4) { e += 4; v >>= 4; }
	if (v >> 2) { e += 2; v >>= 2; }
	return e + (v >> 1);
}

static __always_inline __u32 bucket_of(__u64 ns)
{
	__u32 e, part;

	if (ns >> MIN_EXP == 0)
		return 0;
	if (ns >> MAX_EXP)
		return BUCKETS - 1;
	e = log2_of(ns);
	part = (ns >> (e - SUB_BITS)) & ((1 << SUB_BITS) - 1);
	return ((e - MIN_EXP) << SUB_BITS) + part;
}

// A bucket that verifiers see to be within the histogram: clang knows that it is, and would leave the mask out, but
// those of Linux 6.1 do not follow why.
static __always_inline __u64 bounded(__u64 bucket)
{
	asm("%0 &= %1" : "+r"(bucket) : "i"(BUCKETS - 1));
	return bucket;
}

// Flushes, discards, zone management and the commands of drivers are left out:
// they carry no data, or do not wait in the same line.
static __always_inline int is_read_or_write(struct request *rq, __u32 *write)
{
	__u32 op = rq->cmd_flags & REQ_OP_MASK;

	*write = op != REQ_OP_READ;
	if (op == REQ_OP_READ || op == REQ_OP_WRITE || op == REQ_OP_WRITE_ZEROES)
		return 1;
	return bpf_core_enum_value_exists(enum req_op, REQ_OP_ZONE_APPEND) &&
	       op == bpf_core_enum_value(enum req_op, REQ_OP_ZONE_APPEND);
}

static __always_inline struct gendisk *disk_of(struct request *rq)
{
	if (bpf_core_field_exists(rq->q->disk))
		return rq->q->disk;
	return ((struct request___before_5_16 *)rq)->rq_disk;
}

// A pointer that is nil on the way reads as zero: the verifier guards the loads.
static __always_inline void identify(struct request *rq, __u32 write, struct series_key *key)
{
	struct gendisk *disk = disk_of(rq);

	key->device = (__u32)disk->major << 20 | (__u32)disk->first_minor;
	key->write = write;
	key->cgroup = 0;
	if (per_cgroup && bpf_core_field_exists(rq->bio->bi_blkg))
		key->cgroup = rq->bio->bi_blkg->blkcg->css.cgroup->kn->id;
}

SEC("tp_btf/block_rq_issue") // (struct request *rq)
int on_issue(__u64 *ctx)
{
	struct request *rq = (struct request *)ctx[0];
	__u64 id = (__u64)rq;
	struct flight now = {}, *old;
	struct series *s;
	__u32 write;

	if (!is_read_or_write(rq, &write) || rq->__data_len == 0)
		return 0;
	now.issued = bpf_ktime_get_ns();
	now.started = rq->start_time_ns;

	old = bpf_map_lookup_elem(&flights, &id);
	if (old) {
		// The same request, sent again after the device was busy.
		if (old->started == now.started) {
			if (!now.started)
				old->issued = now.issued;
			return 0;
		}
		// The address was used again and the old completion was not seen.
		if (old->counted && (s = series_of(&old->key)))
			ADD(s->in_flight, -1);
	}

	identify(rq, write, &now.key);
	s = series_of(&now.key);
	now.counted = s != 0;
	if (bpf_map_update_elem(&flights, &id, &now, BPF_ANY)) {
		lose(LOSS_FLIGHTS);
		return 0;
	}
	if (s)
		ADD(s->in_flight, 1);
	return 0;
}

// Called before the bytes are taken off the request, and more than once when a
// device completes it in parts.
SEC("tp_btf/block_rq_complete") // (struct request *rq, blk_status_t error, unsigned int nr_bytes)
int on_complete(__u64 *ctx)
{
	struct request *rq = (struct request *)ctx[0];
	__u32 error = ctx[1];
	__u32 nr_bytes = ctx[2];
	__u64 id = (__u64)rq, now, begin, issued = 0;
	struct series_key key = {};
	struct flight *flight;
	struct series *s;
	__u32 write;

	// A write that waited for a flush ends twice, the second time empty.
	if (!is_read_or_write(rq, &write) || nr_bytes == 0)
		return 0;

	// Requests that were issued unseen (before tracing began, or without
	// room in flights) are measured all the same, but not in in_flight.
	begin = rq->start_time_ns;
	flight = bpf_map_lookup_elem(&flights, &id);
	if (flight && flight->started == begin) {
		key = flight->key;
		issued = flight->issued;
	} else {
		flight = 0;
		identify(rq, write, &key);
	}

	s = series_of(&key);
	if (s)
		ADD(s->bytes, nr_bytes);
	if (nr_bytes < rq->__data_len)
		return 0;
	if (s) {
		if (flight && flight->counted)
			ADD(s->in_flight, -1);
		if (error)
			ADD(s->errors, 1);
		// Without a creation time (queue/iostats is 0) only the
		// driver's part is known.
		if (!begin)
			begin = issued;
		if (begin) {
			now = bpf_ktime_get_ns();
			if (now < begin)
				now = begin;
			ADD(s->latency_ns, now - begin);
			if (issued > begin)
				ADD(s->wait_ns, issued - begin);
			ADD(s->buckets[bounded(bucket_of(now - begin))], 1);
		}
	} else {
		lose(LOSS_SERIES);
	}
	if (flight)
		bpf_map_delete_elem(&flights, &id);
	return 0;
}
