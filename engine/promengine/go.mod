module example.com/contend/engine/promengine

go 1.25.0

replace example.com/contend => ../..

require github.com/prometheus/client_golang v1.24.0 // indirect
