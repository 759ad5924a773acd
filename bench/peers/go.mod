module example.com/contend/bench/peers

go 1.25.0

replace example.com/contend => ../..

require (
	example.com/contend v0.0.0-00010101000000-000000000000
	github.com/RussellLuo/timingwheel v0.0.0-20220218152713-54845bda3108
	github.com/alecthomas/kong v1.17.0
	github.com/anthdm/hollywood v1.0.5
	github.com/cespare/xxhash/v2 v2.3.0
	github.com/dustin/go-humanize v1.1.0
	github.com/google/uuid v1.6.0
	github.com/klauspost/cpuid/v2 v2.0.9
	github.com/puzpuzpuz/xsync/v4 v4.5.0
	github.com/reugn/go-streams v0.13.0
	github.com/stretchr/testify v1.12.1
	go.uber.org/goleak v1.3.0
	golang.org/x/perf v0.0.0-20250813145418-2f7363a06fe1
)

require (
	github.com/DataDog/gostackparse v0.7.0 // indirect
	github.com/HdrHistogram/hdrhistogram-go v1.4.0 // indirect
	github.com/aclements/go-moremath v0.0.0-20210112150236-f10218a38794 // indirect
	github.com/zeebo/xxh3 v1.0.2 // indirect
	go.uber.org/atomic v1.12.0 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	google.golang.org/protobuf v1.32.0 // indirect
)
