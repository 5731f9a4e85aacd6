"""Aggregates a shop's sales with pandas and numpy: joins, pivots, gaps, moving means and a fitted line."""

from io import StringIO

import numpy as np
import pandas as pd

PRODUCTS = """
sku,name,category,price
L1,Lamp,Home,25.00
C1,Chair,Home,80.00
T1,龙井茶,Food,12.50
B1,Biscuits,Food,3.20
M1,Map,Books,9.90
"""
REGIONS = {"N": "North", "S": "South", "W": "West"}
DAYS = 60


def sales_table():
    """Sales of 60 days; how many follows from the day and the place, so that every run gets the same."""
    days = np.arange(DAYS)
    frames = []
    for shift, region in enumerate(REGIONS):
        for step, sku in enumerate(["L1", "C1", "T1", "B1", "M1"], start=2):
            counts = (days * step + shift * 5) % 7 + days // 20
            frames.append(pd.DataFrame({"day": days, "region": region, "sku": sku, "count": counts}))
    sales = pd.concat(frames, ignore_index=True)
    sales["date"] = pd.Timestamp("2024-01-15") + pd.to_timedelta(sales["day"], unit="D")
    return sales[sales["count"] > 0]


def show(title, frame):
    print(f"\n{title}")
    for line in frame.to_string(float_format=lambda number: f"{number:.2f}").splitlines():
        print(line.rstrip())


def by_category(sales):
    table = sales.groupby("category").agg(
        sold=("count", "sum"), income=("income", "sum"), best_day=("count", "max"), rows=("sku", "size")
    )
    table["share"] = 100 * table["income"] / table["income"].sum()
    return table.sort_values("income", ascending=False)


def by_month(sales):
    return sales.assign(month=sales["date"].dt.strftime("%Y-%m")).pivot_table(
        index="month",
        columns="region",
        values="count",
        aggfunc="sum",
        margins=True,
        margins_name="All",
    ).rename(columns=REGIONS)


def weekdays(sales):
    """Mean number sold on each day of the week."""
    daily = sales.groupby("date")["count"].sum()
    means = daily.groupby(daily.index.dayofweek).mean()
    return dict(zip("Mon Tue Wed Thu Fri Sat Sun".split(), means.round(3).tolist()))


def moving_sums(sales):
    """Chairs sold in the north within seven days, once a week; days without a sale count as zero."""
    chairs = sales.query("region == 'N' and sku == 'C1'").set_index("date")["count"]
    every_day = pd.date_range("2024-01-15", periods=DAYS)
    return chairs.reindex(every_day, fill_value=0).rolling(7).sum().iloc[6::7].astype(int)


def main():
    products = pd.read_csv(StringIO(PRODUCTS.strip()), dtype={"price": float})
    sales = sales_table().merge(products, on="sku", how="left", validate="many_to_one")
    sales["income"] = sales["count"] * sales["price"]
    print(f"{len(sales)} rows, {sales['count'].sum()} sold for {sales['income'].sum():.2f}")
    print("from", sales["date"].min().date(), "to", sales["date"].max().date())
    print("missing:", int(sales.isna().sum().sum()))

    show("by category", by_category(sales))
    show("by month and region", by_month(sales))
    best = sales.groupby(["region", "name"])["count"].sum().groupby("region").nlargest(2)
    show("best products", best.droplevel(0).reset_index())
    print("\nweekdays:", weekdays(sales))
    print("chairs by week:", moving_sums(sales).tolist())

    daily = sales.groupby("day")["count"].sum().reindex(range(DAYS), fill_value=0).to_numpy()
    days = np.arange(DAYS)
    slope, start = np.polyfit(days, daily, 1)
    print(f"daily: mean {daily.mean():.2f}, deviation {daily.std(ddof=1):.2f}, most {daily.max()}")
    print(f"trend: {start:.2f} and {slope:.3f} more each day")
    print(f"correlation {np.corrcoef(days, daily)[0, 1]:.3f}")
    print("tenths:", np.percentile(daily, [10, 50, 90]).round(1).tolist())
    print("by twenty days:", daily.reshape(3, 20).sum(axis=1).tolist())
    factors = np.array([[3, 1, -1], [1, 2, 4], [-1, 4, 5]])
    print("solved:", np.linalg.solve(factors, np.array([4, 17, 22])).round(6).tolist())


main()
