package app

import (
	"github.com/foreshock-io/foreshock/forecast"
	"github.com/foreshock-io/foreshock/forecast/arima"
	"github.com/foreshock-io/foreshock/forecast/ets"
	"github.com/foreshock-io/foreshock/forecast/lags"
	"github.com/foreshock-io/foreshock/forecast/median"
	"github.com/foreshock-io/foreshock/forecast/naive"
	"github.com/foreshock-io/foreshock/forecast/prophet"
)

// models are the components of stage forecast. To add one, add its folder and its line.
var models = []forecast.Factory{
	ets.Factory,
	median.Factory,
	naive.Factory,
	lags.Factory,
	arima.Factory,
	prophet.Factory,
}
