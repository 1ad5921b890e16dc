package app

import (
	"github.com/foreshock-io/foreshock/capacity"
)

// planners are the components of stage capacity. To add one, add its folder and its line.
var planners = []capacity.Factory{}
