# Of the output of bench_qos: gnuplot -e "data='FILE'; out='FILE'" preclassify.gp
set terminal svg size 720,400 font 'sans-serif,13' background rgb 'white'
set output out
set title 'Voice over an encrypted link of 2 Mbit/s with a priority queue'
set xlabel 'bulk, percent of the link'
set ylabel 'delay of voice, ms'
set logscale y
set yrange [0.1:1000]
set key outside below
set grid
plot data using 1:($2 > 0.1 ? $2 : 0.1) with linespoints lw 2 \
        title 'without qos pre-classify, mean', \
    '' using 1:($3 > 0.1 ? $3 : 0.1) with lines lw 1 title 'without, largest', \
    '' using 1:($5 > 0.1 ? $5 : 0.1) with linespoints lw 2 \
        title 'with qos pre-classify, mean', \
    '' using 1:($6 > 0.1 ? $6 : 0.1) with lines lw 1 title 'with, largest'
