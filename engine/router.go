package engine

import (
	"crypto/rand"
	"encoding/binary"
	"math/bits"

	"github.com/cespare/xxhash/v2"
	"github.com/google/uuid"
)

// RoutingVersion names the function from target to shard. It changes whenever
// the function does, so that engines which agree on targets' shards can tell
// whether they agree.
//
// Version 1: h = XXH64(target XOR secret); shard = ⌊h · shards / 2⁶⁴⌋.
const RoutingVersion = 1

// router spreads targets over shards. xxhash has no key of its own in its fast
// form: whoever may choose targets could choose them all for one shard, so a
// secret of 128 bits is mixed in first. Immutable.
type router struct {
	secret [2]uint64
	shards uint64
}

func newRouter(seed uint64, shards int) router {
	r := router{shards: uint64(shards)}
	if seed == 0 {
		r.secret = randomKey()
	} else {
		r.secret = [2]uint64{seed, bits.RotateLeft64(seed*0x9e3779b97f4a7c15, 32)}
	}
	return r
}

// route returns the target's shard, and the hash that finds it there. The
// shard depends on the upper bits of the sum, the hash is the lower ones.
func (r *router) route(target *uuid.UUID) (shard int, hash uint32) {
	var in [16]byte
	le := binary.LittleEndian
	le.PutUint64(in[:8], le.Uint64(target[:8])^r.secret[0])
	le.PutUint64(in[8:], le.Uint64(target[8:])^r.secret[1])
	sum := xxhash.Sum64(in[:])
	high, _ := bits.Mul64(sum, r.shards)
	return int(high), uint32(sum)
}

func randomKey() (key [2]uint64) {
	var b [16]byte
	rand.Read(b[:]) // never fails: see crypto/rand
	return [2]uint64{binary.LittleEndian.Uint64(b[:8]), binary.LittleEndian.Uint64(b[8:])}
}
