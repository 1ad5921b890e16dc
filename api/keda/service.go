package keda

import (
	"context"

	"google.golang.org/grpc"
)

// description is the service of scaler.proto.
var description = grpc.ServiceDesc{
	ServiceName: "externalscaler.ExternalScaler",
	HandlerType: (*any)(nil),
	Methods: []grpc.MethodDesc{
		{MethodName: "IsActive", Handler: method((*answers).isActive)},
		{MethodName: "GetMetricSpec", Handler: method((*answers).getMetricSpec)},
		{MethodName: "GetMetrics", Handler: method((*answers).getMetrics)},
	},
	Streams:  []grpc.StreamDesc{{StreamName: "StreamIsActive", ServerStreams: true, Handler: stream}},
	Metadata: "scaler.proto",
}

// method makes a handler of a method that takes one message and answers with one.
func method[In, Out any](call func(*answers, context.Context, *In) (*Out, error)) grpc.MethodHandler {
	return func(of any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		in := new(In)
		if err := decode(in); err != nil {
			return nil, err
		}
		return call(of.(*answers), ctx, in)
	}
}

func stream(of any, s grpc.ServerStream) error {
	in := new(ScaledObjectRef)
	if err := s.RecvMsg(in); err != nil {
		return err
	}
	return of.(*answers).streamIsActive(s.Context(), in, func(out *IsActiveResponse) error { return s.SendMsg(out) })
}
