package app

import (
	"github.com/foreshock-io/foreshock/store"
	"github.com/foreshock-io/foreshock/store/embedded"
	"github.com/foreshock-io/foreshock/store/memcached"
	"github.com/foreshock-io/foreshock/store/redis"
)

// stores are the components of stage store. To add one, add its folder and its line.
var stores = []store.Factory{
	embedded.Factory,
	memcached.Factory,
	redis.Factory,
}
