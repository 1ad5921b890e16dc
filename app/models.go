package app

import (
	"github.com/foreshock-io/foreshock/forecast"
	"github.com/foreshock-io/foreshock/forecast/ets"
	"github.com/foreshock-io/foreshock/forecast/naive"
)

// models are the components of stage forecast. To add one, add its folder and its line.
var models = []forecast.Factory{
	ets.Factory,
	naive.Factory,
}
