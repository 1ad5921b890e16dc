package app

import (
	"github.com/foreshock-io/foreshock/detect"
	"github.com/foreshock-io/foreshock/detect/ewma"
	"github.com/foreshock-io/foreshock/detect/stl"
	"github.com/foreshock-io/foreshock/detect/zscore"
)

// methods are the components of stage detect. To add one, add its folder and its line.
var methods = []detect.Factory{
	ewma.Factory,
	stl.Factory,
	zscore.Factory,
}
