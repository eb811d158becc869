{{ config(access='private') }}

{# By how much sales would have seemed to change where nothing was changed: other regions, as many,
   drawn as if they had been treated, in windows before the change. The draw is an MD5, so that it is
   the same in every engine and run. #}

with

geos as (
    select * from {{ ref('int_experiment_geos') }}
),

treated as (
    select
        experiment_id,
        sum(case when arm = 'treated' then 1 else 0 end) as treated_count
    from geos
    where window_number = 0
    group by experiment_id
),

drawn as (
    select
        geos.experiment_id,
        geos.geo,
        numbers.number as replicate,
        row_number() over (
            partition by geos.experiment_id, numbers.number
            order by
                {{ md5_hex(concat_text(
                    ['geos.experiment_id', 'numbers.number', 'geos.geo'], '|'
                )) }},
                geos.geo
        ) as geo_place
    from geos
    cross join ({{ numbers_to(var('experiment_replicates')) }}) as numbers
    where geos.window_number = 0
),

assigned as (
    select
        drawn.experiment_id,
        drawn.geo,
        drawn.replicate,
        drawn.geo_place <= treated.treated_count as is_treated
    from drawn
    inner join treated
        on drawn.experiment_id = treated.experiment_id
),

sums as (
    select
        assigned.experiment_id,
        assigned.replicate,
        geos.window_number,
        sum(case when assigned.is_treated then geos.before_outcome_amount else 0 end)
            as treated_before,
        sum(case when assigned.is_treated then geos.window_outcome_amount else 0 end)
            as treated_window,
        sum(case when assigned.is_treated then 0 else geos.before_outcome_amount end)
            as control_before,
        sum(case when assigned.is_treated then 0 else geos.window_outcome_amount end)
            as control_window
    from assigned
    inner join geos
        on assigned.experiment_id = geos.experiment_id
        and assigned.geo = geos.geo
        and geos.window_number > 0
    group by assigned.experiment_id, assigned.replicate, geos.window_number
),

final as (
    select
        experiment_id,
        replicate,
        window_number,
        cast(
            1 - cast(treated_window as {{ type_double() }})
            * cast(control_before as {{ type_double() }})
            / (
                cast(treated_before as {{ type_double() }})
                * cast(control_window as {{ type_double() }})
            ) as decimal(18, 9)
        ) as change_ratio
    from sums
    where treated_before > 0 and control_before > 0 and control_window > 0
)

select * from final
